output "code" {
  description = "What the functions run: a local zip or an S3 object, its hash, its runtime and architecture, and the version of the modules."
  value = merge(var.lambda_package == null ? local.built : local.brought, {
    runtime      = local.runtime
    architecture = local.architecture
    version      = local.version
  })
  depends_on = [terraform_data.zip]
}

output "record" {
  description = "What modules/package-record writes down when all functions run the zip; null if the zip was brought."
  value = var.lambda_package == null ? {
    parameter = "${local.deployed_path}/deployed"
    hash      = local.hash
    build     = local.build
  } : null
}

output "name_prefix" {
  description = "The name_prefix, available when the zip exists. Resources that use it are created after the zip."
  value       = var.name_prefix
  depends_on  = [terraform_data.zip]
}
