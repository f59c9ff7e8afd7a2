output "image_scan" {
  description = "All outputs of the root module: ARNs, names and URLs of the created resources."
  value       = module.image_scan
}
