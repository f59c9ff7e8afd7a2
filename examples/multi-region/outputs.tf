output "image_scan" {
  description = "Everything that the root module tells: ARNs, names and URLs of what it made."
  value       = module.image_scan
}

output "spoke" {
  description = "What was made in the other region."
  value       = module.spoke
}
