output "image_scan" {
  description = "All outputs of the root module: ARNs, names and URLs of the created resources."
  value       = module.image_scan
}

output "spoke" {
  description = "All outputs of the spoke in the other region."
  value       = module.spoke
}
