# Terraform drops an attribute that a type does not have, without a word. So inputs that are objects take any
# attribute, and refuse those that are not listed here. `hub` is passed on as it is: a newer hub may have more.
locals {
  attributes = {
    accounts              = ["include", "exclude"]
    registry_role         = ["existing_name", "qualys_account_id", "external_id"]
    operation_preferences = ["failure_tolerance_percentage", "max_concurrent_percentage", "region_concurrency_type"]
  }

  accounts = {
    for name in local.attributes.accounts : name => toset(flatten([for list in [lookup(var.accounts, name, null)] : [for account in list : tostring(account)] if list != null]))
  }
  operation_preferences = {
    failure_tolerance_percentage = tonumber(coalesce(lookup(var.operation_preferences, "failure_tolerance_percentage", null), 100))
    max_concurrent_percentage    = tonumber(coalesce(lookup(var.operation_preferences, "max_concurrent_percentage", null), 100))
    region_concurrency_type      = coalesce(lookup(var.operation_preferences, "region_concurrency_type", null), "PARALLEL")
  }
}
