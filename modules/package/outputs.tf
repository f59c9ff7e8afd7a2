output "code" {
  description = "What the functions run: a local zip or an object, its hash, and the runtime and architecture that it is for."
  value = merge(var.lambda_package == null ? local.built : local.brought, {
    runtime      = local.runtime
    architecture = local.architecture
  })
  depends_on = [terraform_data.zip]
}

output "name_prefix" {
  description = "The name_prefix, once the zip is there: what is named by it is made after that."
  value       = var.name_prefix
  depends_on  = [terraform_data.zip]
}
