# Real provider, no account: a plan of what is new asks AWS nothing, and the provider refuses what a
# mock would let through.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

# By default no unit lies in another.
override_data {
  target = data.aws_organizations_organizational_unit_descendant_organizational_units.inner
  values = { children = [] }
}

variables {
  hub = {
    account_id              = "111122223333"
    region                  = "eu-central-1"
    event_bus_arn           = "arn:aws:events:eu-central-1:111122223333:event-bus/test-hub-hub"
    event_pattern           = "{\"source\":[\"aws.ecs\"],\"$or\":[{\"detail-type\":[\"AWS API Call via CloudTrail\"],\"detail\":{\"eventSource\":[\"ecs.amazonaws.com\"],\"eventName\":[\"CreateExpressGatewayService\",\"CreateService\",\"CreateTaskSet\",\"RegisterTaskDefinition\",\"RunTask\",\"StartTask\",\"UpdateExpressGatewayService\",\"UpdateService\"],\"errorCode\":[{\"exists\":false}],\"userIdentity\":{\"invokedBy\":[{\"anything-but\":\"ecs.application-autoscaling.amazonaws.com\"},{\"exists\":false}]}}},{\"detail-type\":[\"ECS Task State Change\"],\"detail\":{\"lastStatus\":[\"RUNNING\"],\"desiredStatus\":[\"RUNNING\"]}},{\"detail-type\":[\"ECS Task State Change\"],\"detail\":{\"lastStatus\":[\"STOPPED\"]}}]}"
    organization_id         = "o-abcdefghij"
    describe_principal_arns = ["arn:aws:iam::111122223333:role/scan/test-hub-parse-event"]
    describe_role_name      = "test-hub-describe"
    describe_external_id    = "test-hub-111122223333"
    iam_path                = "/scan/"
    registry_role_name      = "security/qualys"
    deployment_gate = {
      hook_target_arn       = "arn:aws:lambda:eu-central-1:111122223333:function:test-hub-deployment-gate"
      role_arn              = "arn:aws:iam::111122223333:role/scan/test-hub-deployment-gate-hook-eu-central-1"
      lifecycle_stages      = ["PRE_SCALE_UP", "POST_SCALE_UP"]
      timeout_configuration = { timeout_in_minutes = 70, action = "CONTINUE" }
    }
  }
  name_prefix             = "test-scan"
  organizational_unit_ids = ["ou-ab12-cdef3456", "ou-ab12-00000000"]
  regions                 = ["eu-west-1", "eu-central-1"]
  tags                    = { team = "security" }
}

run "two_stack_sets" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }

  assert {
    condition = alltrue([
      for set in [aws_cloudformation_stack_set.roles, aws_cloudformation_stack_set.rules] :
      set.permission_model == "SERVICE_MANAGED" && set.auto_deployment[0].enabled && !set.auto_deployment[0].retain_stacks_on_account_removal &&
      set.managed_execution[0].active && set.call_as == "SELF" && set.tags == tomap({ team = "security" })
    ])
    error_message = "New accounts must get both, leaving ones must lose them, and tags must reach every stack."
  }
  assert {
    condition     = aws_cloudformation_stack_set.roles.capabilities == toset(["CAPABILITY_NAMED_IAM"]) && length(coalesce(aws_cloudformation_stack_set.rules.capabilities, [])) == 0
    error_message = "Only the stacks of the roles may make named roles."
  }
  assert {
    condition     = output.stack_sets == { roles = "test-scan-spoke-roles", rules = "test-scan-spoke-rules" }
    error_message = "Both must be named after the prefix, so that a second installation works beside."
  }
}

run "parameters_are_the_hubs" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    registry_role             = { qualys_account_id = "444455556666", external_id = "EU1-1234" }
    permissions_boundary_name = "security/boundary"
    alarm_topic_name          = "alarms"
    create_trail              = true
    trail_retention_days      = 30
    security_hub              = true
    create_gate_role          = true
  }

  assert {
    condition = aws_cloudformation_stack_set.roles.parameters == tomap({
      NamePrefix              = "test-scan"
      RolePath                = "/scan/"
      HubEventBusArn          = var.hub.event_bus_arn
      OrganizationId          = "o-abcdefghij"
      HubAccountId            = var.hub.account_id
      DescribePrincipalArns   = join(",", var.hub.describe_principal_arns)
      DescribeRoleName        = "test-hub-describe"
      DescribeExternalId      = "test-hub-111122223333"
      RegistryRoleName        = "qualys"
      RegistryRolePath        = "/security/"
      QualysAccountId         = "444455556666"
      QualysExternalId        = "EU1-1234"
      PermissionsBoundaryName = "security/boundary"
      ImportFindings          = "true"
      GateRoleName            = "test-scan-deployment-gate-hook-eu-central-1"
      GateFunctionArn         = "arn:aws:lambda:eu-central-1:111122223333:function:test-hub-deployment-gate"
    })
    error_message = "The roles must be those that the hub will ask for."
  }
  assert {
    condition = aws_cloudformation_stack_set.rules.parameters == tomap({
      NamePrefix         = "test-scan"
      RolePath           = "/scan/"
      HubEventBusArn     = var.hub.event_bus_arn
      AlarmTopicName     = "alarms"
      CreateTrail        = "true"
      TrailRetentionDays = "30"
    })
    error_message = "The rules must forward to the hub as the role of the other stack."
  }
}

run "a_member_gets_the_hook_of_the_hub" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    create_gate_role = true
  }

  assert {
    condition = jsonencode(output.lifecycle_hook) == jsonencode({
      hook_target_arn       = "arn:aws:lambda:eu-central-1:111122223333:function:test-hub-deployment-gate"
      role_arn              = "arn:aws:iam::{account}:role/scan/test-scan-deployment-gate-hook-eu-central-1"
      lifecycle_stages      = ["PRE_SCALE_UP", "POST_SCALE_UP"]
      timeout_configuration = { timeout_in_minutes = 70, action = "CONTINUE" }
    })
    error_message = "The hook must name the role that the stacks make."
  }
}

run "a_hub_without_a_gate_is_refused" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    create_gate_role = true
    hub = {
      account_id              = "111122223333"
      region                  = "eu-central-1"
      event_bus_arn           = "arn:aws:events:eu-central-1:111122223333:event-bus/test-hub-hub"
      event_pattern           = var.hub.event_pattern
      organization_id         = "o-abcdefghij"
      describe_principal_arns = ["arn:aws:iam::111122223333:role/scan/test-hub-parse-event"]
      describe_role_name      = "test-hub-describe"
      describe_external_id    = "test-hub-111122223333"
      iam_path                = "/scan/"
      registry_role_name      = "security/qualys"
    }
  }
  expect_failures = [aws_cloudformation_stack_set.roles]
}

run "nothing_is_made_unasked" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }

  assert {
    condition = (
      aws_cloudformation_stack_set.roles.parameters["QualysAccountId"] == "" && aws_cloudformation_stack_set.roles.parameters["ImportFindings"] == "false" && aws_cloudformation_stack_set.roles.parameters["GateFunctionArn"] == "" && output.lifecycle_hook == null && aws_cloudformation_stack_set.roles.parameters["PermissionsBoundaryName"] == "" &&
      aws_cloudformation_stack_set.rules.parameters["CreateTrail"] == "false" && aws_cloudformation_stack_set.rules.parameters["AlarmTopicName"] == ""
    )
    error_message = "Registry role, boundary, Security Hub, gate, trail and topic are optional."
  }
}

run "an_instance_for_each_unit" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }

  assert {
    condition     = keys(aws_cloudformation_stack_set_instance.roles) == ["ou-ab12-00000000", "ou-ab12-cdef3456"] && length(aws_cloudformation_stack_set_instance.rules) == 4
    error_message = "One more unit or region must leave the others as they are."
  }
  assert {
    condition = alltrue([
      for unit, instances in aws_cloudformation_stack_set_instance.roles :
      instances.region == "eu-central-1" && instances.deployment_targets[0].organizational_unit_ids == toset([unit])
    ])
    error_message = "The roles must be made once per account."
  }
  assert {
    condition = alltrue([
      for target, instances in aws_cloudformation_stack_set_instance.rules :
      target == "${one(instances.deployment_targets[0].organizational_unit_ids)}/${instances.region}" &&
      instances.deployment_targets[0].account_filter_type == null && instances.deployment_targets[0].accounts == null
    ])
    error_message = "The rules must be made in every region of every account."
  }
  assert {
    condition = alltrue([
      for instances in concat(values(aws_cloudformation_stack_set_instance.roles), values(aws_cloudformation_stack_set_instance.rules)) :
      instances.operation_preferences[0].failure_tolerance_percentage == 100 && instances.operation_preferences[0].region_concurrency_type == "PARALLEL"
    ])
    error_message = "One bad account must not hold up the others."
  }
}

run "some_accounts_only" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    accounts = { include = ["444455556666"] }
    call_as  = "DELEGATED_ADMIN"
    operation_preferences = {
      failure_tolerance_percentage = 10
      max_concurrent_percentage    = 25
      region_concurrency_type      = "SEQUENTIAL"
    }
    roles_region = "us-east-1"
  }

  assert {
    condition = alltrue([
      for instances in concat(values(aws_cloudformation_stack_set_instance.roles), values(aws_cloudformation_stack_set_instance.rules)) :
      instances.deployment_targets[0].account_filter_type == "INTERSECTION" && instances.deployment_targets[0].accounts == toset(["444455556666"]) &&
      instances.call_as == "DELEGATED_ADMIN" && instances.operation_preferences[0].max_concurrent_percentage == 25
    ])
    error_message = "Only the accounts to include, as a delegated administrator, at the given pace."
  }
  assert {
    condition     = alltrue([for set in [aws_cloudformation_stack_set.roles, aws_cloudformation_stack_set.rules] : !set.auto_deployment[0].enabled])
    error_message = "Automatic deployment knows no filter: with it an account that joins later would get the stacks unasked."
  }
  assert {
    condition     = aws_cloudformation_stack_set.rules.operation_preferences[0].region_concurrency_type == "SEQUENTIAL" && aws_cloudformation_stack_set.roles.call_as == "DELEGATED_ADMIN"
    error_message = "The StackSets themselves must be changed at that pace, too."
  }
  assert {
    condition     = alltrue([for instances in aws_cloudformation_stack_set_instance.roles : instances.region == "us-east-1"])
    error_message = "The stacks of the roles must lie where the input says."
  }
}

run "all_but_some_accounts" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    accounts = { exclude = ["444455556666"] }
  }

  assert {
    condition = alltrue([
      for instances in concat(values(aws_cloudformation_stack_set_instance.roles), values(aws_cloudformation_stack_set_instance.rules)) :
      instances.deployment_targets[0].account_filter_type == "DIFFERENCE" && instances.deployment_targets[0].accounts == toset(["444455556666"])
    ])
    error_message = "All but the accounts to exclude."
  }
}

run "takes_the_registry_role_that_the_hub_uses" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    registry_role = { existing_name = "security/qualys" }
  }

  assert {
    condition     = aws_cloudformation_stack_set.roles.parameters["QualysAccountId"] == ""
    error_message = "What exists is not created."
  }
}

run "refuses_a_registry_role_that_the_hub_does_not_use" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    registry_role = { existing_name = "qualys" }
  }
  expect_failures = [aws_cloudformation_stack_set.roles]
}

run "refuses_wrong_words" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    name_prefix             = "-"
    organizational_unit_ids = ["o-abcdefghij"]
    regions                 = ["Frankfurt"]
    accounts                = { include = ["444455556666"], exclude = ["777788889999"] }
    call_as                 = "ME"
    operation_preferences   = { region_concurrency_type = "BOTH" }
    registry_role           = { external_id = "EU1-1234" }
    trail_retention_days    = 0
  }
  expect_failures = [
    var.name_prefix, var.organizational_unit_ids, var.regions, var.accounts, var.call_as,
    var.operation_preferences, var.registry_role, var.trail_retention_days,
  ]
}

run "refuses_the_root_beside_units_of_it" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    organizational_unit_ids = ["r-ab12", "ou-ab12-cdef3456"]
  }
  expect_failures = [var.organizational_unit_ids]
}

run "takes_the_root_alone" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    organizational_unit_ids = ["r-ab12"]
  }

  assert {
    condition     = length(data.aws_organizations_organizational_unit_descendant_organizational_units.inner) == 0
    error_message = "Of one unit alone nothing need be asked."
  }
}

run "refuses_a_unit_that_lies_in_another" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  override_data {
    target = data.aws_organizations_organizational_unit_descendant_organizational_units.inner["ou-ab12-cdef3456"]
    values = { children = [{ id = "ou-ab12-99999999", arn = "a", name = "a" }, { id = "ou-ab12-00000000", arn = "b", name = "b" }] }
  }
  expect_failures = [data.aws_organizations_organizational_unit_descendant_organizational_units.inner["ou-ab12-cdef3456"]]
}

run "refuses_numbers_out_of_range_and_wrong_accounts" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    accounts              = { exclude = ["4444"] }
    operation_preferences = { max_concurrent_percentage = 0 }
    registry_role         = { existing_name = "security/qualys", qualys_account_id = "4444", external_id = "EU1-1234" }
  }
  expect_failures = [var.accounts, var.operation_preferences, var.registry_role]
}

run "refuses_a_hub_of_listed_accounts_and_of_another_version" {
  command = plan
  module {
    source = "./modules/org-spoke"
  }
  variables {
    hub = {
      account_id              = "111122223333"
      region                  = "eu-central-1"
      event_bus_arn           = "arn:aws:events:eu-central-1:111122223333:event-bus/test-hub-hub"
      event_pattern           = "{\"source\":[\"aws.ecs\"]}"
      describe_principal_arns = ["arn:aws:iam::111122223333:role/scan/test-hub-parse-event"]
      describe_role_name      = "test-hub-describe"
      describe_external_id    = "test-hub-111122223333"
      iam_path                = "/scan/"
      registry_role_name      = "security/qualys"
    }
  }
  expect_failures = [aws_cloudformation_stack_set.roles, aws_cloudformation_stack_set.rules]
}
