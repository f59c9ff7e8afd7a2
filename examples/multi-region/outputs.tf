output "image_scan" {
  description = "All outputs of the root module: ARNs, names and URLs of what it made."
  value       = module.image_scan
}

output "spoke" {
  description = "What was made in the other region."
  value       = module.spoke
}
