output "image_scan" {
  description = "Everything that the root module tells: ARNs, names and URLs of what it made."
  value       = module.image_scan
}

output "hub" {
  description = "What ../management needs to have the organization forward to here."
  value       = module.image_scan.hub
}
