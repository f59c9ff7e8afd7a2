output "code" {
  description = "What the functions run: a local zip or an S3 object, its hash, its runtime and architecture, and the version of the modules."
  value = merge(var.lambda_package == null ? local.built : local.brought, {
    runtime      = local.runtime
    architecture = local.architecture
    version      = local.version
  })
  depends_on = [terraform_data.zip]
}

output "name_prefix" {
  description = "The name_prefix, available when the zip exists. Resources that use it are created after the zip."
  value       = var.name_prefix
  depends_on  = [terraform_data.zip]
}
