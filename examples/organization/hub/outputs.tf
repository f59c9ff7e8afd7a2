output "image_scan" {
  description = "All outputs of the root module: ARNs, names and URLs of what it made."
  value       = module.image_scan
}

output "hub" {
  description = "What ../management needs to have the organization forward to here."
  value       = module.image_scan.hub
}
