data "aws_partition" "current" {}

locals {
  roles_body = file("${path.module}/templates/roles.yaml")
  rules_body = file("${path.module}/templates/rules.yaml")

  registry_role_name = basename(var.hub.registry_role_name)
  roles_region       = coalesce(var.roles_region, sort(var.regions)[0])
  gate_role_name     = "${var.name_prefix}-deployment-gate-hook-${var.hub.region}"

  included       = length(local.accounts.include) > 0 ? local.accounts.include : null
  excluded       = length(local.accounts.exclude) > 0 ? local.accounts.exclude : null
  account_filter = local.included != null ? "INTERSECTION" : local.excluded != null ? "DIFFERENCE" : null

  rule_targets = {
    for target in setproduct(var.organizational_unit_ids, var.regions) :
    join("/", target) => { unit = target[0], region = target[1] }
  }
}

# Role names are global in an account: one stack per account, in one region.
resource "aws_cloudformation_stack_set" "roles" {
  name             = "${var.name_prefix}-spoke-roles"
  description      = "Image scan: the roles of each member account"
  permission_model = "SERVICE_MANAGED"
  call_as          = var.call_as
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  template_body    = local.roles_body
  tags             = var.tags

  parameters = {
    NamePrefix              = var.name_prefix
    HubEventBusArn          = var.hub.event_bus_arn
    OrganizationId          = var.hub.organization_id
    HubAccountId            = var.hub.account_id
    DescribePrincipalArns   = join(",", var.hub.describe_principal_arns)
    DescribeRoleName        = var.hub.describe_role_name
    RolePath                = var.hub.iam_path
    DescribeExternalId      = var.hub.describe_external_id
    RegistryRoleName        = local.registry_role_name
    RegistryRolePath        = "/${trimsuffix(var.hub.registry_role_name, local.registry_role_name)}"
    QualysAccountId         = try(coalesce(var.registry_role.qualys_account_id), "")
    QualysExternalId        = try(coalesce(var.registry_role.external_id), "")
    PermissionsBoundaryName = try(coalesce(var.permissions_boundary_name), "")
    ImportFindings          = tostring(var.security_hub)
    GateRoleName            = local.gate_role_name
    GateFunctionArn         = var.create_gate_role ? try(var.hub.deployment_gate.hook_target_arn, "") : ""
  }

  # Automatic deployment ignores the filter: a new account of a unit would get stacks although `include` does not name it.
  auto_deployment {
    enabled                          = local.included == null
    retain_stacks_on_account_removal = local.included == null ? false : null
  }

  # Operations on one StackSet wait for each other instead of failing.
  managed_execution {
    active = true
  }

  operation_preferences {
    failure_tolerance_percentage = local.operation_preferences.failure_tolerance_percentage
    max_concurrent_percentage    = local.operation_preferences.max_concurrent_percentage
    region_concurrency_type      = local.operation_preferences.region_concurrency_type
  }

  lifecycle {
    # Service-managed StackSets have no administration role, but the provider shows one.
    ignore_changes = [administration_role_arn]

    precondition {
      condition     = var.hub.organization_id != null
      error_message = "The hub accepts events of listed accounts only. Set spokes.organization at the hub first, and apply it."
    }
    precondition {
      condition     = !var.create_gate_role || var.hub.deployment_gate != null
      error_message = "The hub has no deployment gate. Set deployment_gate at the hub first, and apply it."
    }
    precondition {
      condition     = try(var.registry_role.existing_name, null) == null || try(var.registry_role.existing_name, null) == var.hub.registry_role_name
      error_message = "At the hub, the role of the Registry Sensor in member accounts is ${var.hub.registry_role_name}. Set registry_role.existing_name to this name, or set the hub's spokes.registry_role_name to yours."
    }
  }
}

resource "aws_cloudformation_stack_set" "rules" {
  name             = "${var.name_prefix}-spoke-rules"
  description      = "Image scan: the forwarding rule of each region of each member account"
  permission_model = "SERVICE_MANAGED"
  call_as          = var.call_as
  template_body    = local.rules_body
  tags             = var.tags

  parameters = {
    NamePrefix         = var.name_prefix
    RolePath           = var.hub.iam_path
    HubEventBusArn     = var.hub.event_bus_arn
    AlarmTopicName     = try(coalesce(var.alarm_topic_name), "")
    CreateTrail        = tostring(var.create_trail)
    TrailRetentionDays = tostring(var.trail_retention_days)
  }

  # Automatic deployment ignores the filter: a new account of a unit would get stacks although `include` does not name it.
  auto_deployment {
    enabled                          = local.included == null
    retain_stacks_on_account_removal = local.included == null ? false : null
  }

  managed_execution {
    active = true
  }

  operation_preferences {
    failure_tolerance_percentage = local.operation_preferences.failure_tolerance_percentage
    max_concurrent_percentage    = local.operation_preferences.max_concurrent_percentage
    region_concurrency_type      = local.operation_preferences.region_concurrency_type
  }

  lifecycle {
    ignore_changes = [administration_role_arn]

    precondition {
      condition     = jsonencode(jsondecode(var.hub.event_pattern)) == jsonencode(yamldecode(local.rules_body).Resources.Rule.Properties.EventPattern)
      error_message = "The hub's event pattern differs from the one in templates/rules.yaml: use this module in the hub's version."
    }
  }
}

# One instance for each organizational unit and region: a further one does not change the others.
# aws_cloudformation_stack_instances does not work here. Each such resource manages all instances of its
# StackSet, so two of them would delete each other's instances.
resource "aws_cloudformation_stack_set_instance" "roles" {
  for_each = var.organizational_unit_ids

  stack_set_name = aws_cloudformation_stack_set.roles.name
  call_as        = var.call_as
  region         = local.roles_region

  deployment_targets {
    organizational_unit_ids = [each.value]
    account_filter_type     = local.account_filter
    accounts                = try(coalesce(local.included, local.excluded), null)
  }

  operation_preferences {
    failure_tolerance_percentage = local.operation_preferences.failure_tolerance_percentage
    max_concurrent_percentage    = local.operation_preferences.max_concurrent_percentage
    region_concurrency_type      = local.operation_preferences.region_concurrency_type
  }

  lifecycle {
    # The provider cannot change the preferences for an organizational unit. A changed filter would
    # replace the instance, which removes all stacks of the unit: accounts.tf refuses such a plan.
    ignore_changes = [operation_preferences, deployment_targets]
  }
}

resource "aws_cloudformation_stack_set_instance" "rules" {
  for_each = local.rule_targets

  stack_set_name = aws_cloudformation_stack_set.rules.name
  call_as        = var.call_as
  region         = each.value.region

  deployment_targets {
    organizational_unit_ids = [each.value.unit]
    account_filter_type     = local.account_filter
    accounts                = try(coalesce(local.included, local.excluded), null)
  }

  operation_preferences {
    failure_tolerance_percentage = local.operation_preferences.failure_tolerance_percentage
    max_concurrent_percentage    = local.operation_preferences.max_concurrent_percentage
    region_concurrency_type      = local.operation_preferences.region_concurrency_type
  }

  lifecycle {
    # The provider cannot change the preferences for an organizational unit. A changed filter would
    # replace the instance, which removes all stacks of the unit: accounts.tf refuses such a plan.
    ignore_changes = [operation_preferences, deployment_targets]
  }

  # Events that arrive before the roles exist wait in the queue for a redrive.
  depends_on = [aws_cloudformation_stack_set_instance.roles]
}
