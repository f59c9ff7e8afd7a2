output "image_scan" {
  description = "All outputs of the module: ARNs, names and URLs of what it made."
  value       = module.image_scan
}
