output "image_scan" {
  description = "Everything that the module tells: ARNs, names and URLs of what it made."
  value       = module.image_scan
}
