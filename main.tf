# The package comes first: if the zip cannot be built, nothing is created or changed.
module "package" {
  source = "./modules/package"

  name_prefix    = var.name_prefix
  lambda_package = var.lambda_package
  functions      = local.steps
}

module "encryption" {
  source = "./modules/encryption"

  name_prefix = module.package.name_prefix
  kms_key     = var.kms_key
  publishers  = flatten([for access in values(var.topic_access) : [for list in [lookup(access, "publishers", null)] : list if list != null]])
  tags        = var.tags
}

module "cache" {
  source = "./modules/cache"

  name_prefix = module.package.name_prefix
  kms_key_arn = module.encryption.kms_key_arn
  tags        = var.tags
}

module "inventory" {
  source = "./modules/inventory"

  name_prefix = module.package.name_prefix
  kms_key_arn = module.encryption.kms_key_arn
  tags        = var.tags
}

module "state" {
  source = "./modules/state"

  name_prefix = module.package.name_prefix
  kms_key_arn = module.encryption.kms_key_arn
  tags        = var.tags
}

module "iam_role" {
  source = "./modules/iam-role"

  name_prefix              = module.package.name_prefix
  registry_role            = var.registry_role
  iam_path                 = var.iam_path
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

# The bus that spokes forward to.
module "hub_bus" {
  source = "./modules/hub-bus"
  count  = local.has_spokes ? 1 : 0

  name_prefix = module.package.name_prefix
  spokes      = var.spokes
  tags        = var.tags
}

# Topics of notifications and alarms, and the exceptions.
module "notifications" {
  source = "./modules/notifications"

  name_prefix     = module.package.name_prefix
  kms_key_arn     = module.encryption.kms_key_arn
  state_table     = module.state.table
  email_addresses = var.notification_email_addresses
  topic_access    = var.topic_access
  exceptions      = var.exceptions
  tags            = var.tags
}

module "workflow" {
  source = "./modules/workflow"

  name_prefix                = module.package.name_prefix
  kms_key_arn                = module.encryption.kms_key_arn
  cache_table                = module.cache.table
  inventory_table            = module.inventory.table
  state_table                = module.state.table
  registry_role_arn          = module.iam_role.role_arn
  registry_external_id       = lookup(var.registry_role, "external_id", null)
  spokes                     = var.spokes
  qualys_gateway_url         = coalesce(var.qualys_gateway_url, try(local.qualys_platforms[var.qualys_pod].gateway, null))
  qualys_platform_url        = try(local.qualys_platforms[var.qualys_pod].platform, null)
  qualys_credentials         = var.qualys_credentials
  qualys_credentials_version = var.qualys_credentials_version
  qualys_secret              = var.qualys_secret
  cache_ttl_days             = var.cache_ttl_days
  scan_polling               = var.scan_polling
  max_concurrent_scans       = var.max_concurrent_scans
  require_examined           = var.require_examined
  reconcile_schedule         = var.reconcile_schedule
  log                        = var.log
  topic_arns                 = module.notifications.topic_arns
  notification_policy        = local.notification_policy
  scope                      = var.scope
  remediation_days           = var.remediation_days
  rescan_days                = var.rescan_days
  owners                     = var.owners
  result_bus_arn             = one(module.hub_bus[*].bus.arn)
  finding_events             = var.finding_events
  security_hub               = var.security_hub
  code                       = module.package.code
  network                    = var.network
  iam_path                   = var.iam_path
  permissions_boundary_arn   = var.permissions_boundary_arn
  tags                       = var.tags
}

module "event_detection" {
  source = "./modules/event-detection"

  name_prefix              = module.package.name_prefix
  installation_version     = module.package.code.version
  intake_state_machine_arn = module.workflow.intake_state_machine_arn
  alarm_topic_arns         = values(module.notifications.topic_arns)
  kms_key_arn              = module.encryption.kms_key_arn
  hub_bus                  = one(module.hub_bus[*].bus)
  members                  = local.members
  task_events              = var.task_events
  iam_path                 = var.iam_path
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

# EventBridge sees an ECS call only if a trail logs it.
module "trail" {
  source = "./modules/trail"
  count  = var.create_trail ? 1 : 0

  name_prefix    = module.package.name_prefix
  kms_key        = { arn = module.encryption.kms_key_arn }
  retention_days = lookup(var.log, "trail_retention_days", null)
  tags           = var.tags
}

# Sends verdicts to the function that imports findings.
module "security_hub" {
  source = "./modules/security-hub"
  count  = var.security_hub ? 1 : 0

  name_prefix         = module.package.name_prefix
  function            = module.workflow.import_function
  result_bus_arn      = module.workflow.result_bus_arn
  failed_events_queue = module.workflow.failed_events_queue
  tags                = var.tags
}

# One function that ECS asks before it starts the tasks of a service.
module "deployment_gate" {
  source = "./modules/deployment-gate"
  count  = var.deployment_gate == null ? 0 : 1

  name_prefix              = module.package.name_prefix
  mode                     = lookup(var.deployment_gate, "mode", null)
  policy                   = lookup(var.deployment_gate, "policy", null)
  deadline_minutes         = lookup(var.deployment_gate, "deadline_minutes", null)
  on_undecided             = lookup(var.deployment_gate, "on_undecided", null)
  rollback_days            = lookup(var.deployment_gate, "rollback_days", null)
  scope                    = var.scope
  cache_table              = module.cache.table
  state_table              = module.state.table
  table_policy             = module.workflow.gate_table_policy
  intake_state_machine_arn = module.workflow.intake_state_machine_arn
  result_bus_arn           = module.workflow.result_bus_arn
  topic_arns               = module.notifications.topic_arns
  members                  = module.workflow.member_access
  kms_key_arn              = module.encryption.kms_key_arn
  code                     = module.package.code
  network                  = var.network
  log                      = var.log
  iam_path                 = var.iam_path
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

module "dashboard" {
  source = "./modules/dashboard"
  count  = var.create_dashboard ? 1 : 0

  name_prefix        = module.package.name_prefix
  state_machine_arns = { intake = module.workflow.intake_state_machine_arn, scan = module.workflow.scan_state_machine_arn }
  function_names     = local.function_names
  queue_names        = [module.workflow.failed_events_queue.name, module.event_detection.undelivered_events_queue.name]
}

# When all functions run the code, it is recorded. If an apply fails before, the next one builds the zip again.
module "package_record" {
  source = "./modules/package-record"
  count  = var.lambda_package == null ? 1 : 0

  name_prefix = module.package.name_prefix
  record      = module.package.record
  deployed    = local.function_names
  tags        = var.tags
}
