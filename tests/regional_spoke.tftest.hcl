# Real provider, no account: nothing here leaves the machine.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

# Applied, because policies that name a resource of the module are only read then; every resource
# is overridden, so that nothing is created.
override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "444455556666" }
}

override_resource {
  target = aws_cloudwatch_event_rule.forward
  values = { arn = "arn:aws:events:eu-west-1:444455556666:rule/test-scan-forward-deployments" }
}

override_resource {
  target = aws_iam_role.forward
  values = { arn = "arn:aws:iam::444455556666:role/security/test-scan-forward-eu-west-1" }
}

override_resource {
  target = aws_iam_role.describe
  values = { arn = "arn:aws:iam::444455556666:role/hub/test-hub-describe" }
}

override_resource {
  target = module.unforwarded.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-west-1:444455556666:test-scan-unforwarded-events" }
}

override_resource {
  target = aws_cloudwatch_event_target.hub
}
override_resource {
  target = aws_iam_role_policy.forward
}
override_resource {
  target = aws_iam_role_policy.describe
}
override_resource {
  target = aws_iam_role_policy.import_findings
}
override_resource {
  target = module.unforwarded.aws_cloudwatch_metric_alarm.this
}
override_resource {
  target = module.unforwarded.aws_cloudwatch_metric_alarm.queued
}
variables {
  hub = {
    account_id              = "111122223333"
    region                  = "eu-central-1"
    event_bus_arn           = "arn:aws:events:eu-central-1:111122223333:event-bus/test-hub-hub"
    event_pattern           = "{\"source\":[\"aws.ecs\"]}"
    organization_id         = "o-abcdefghij"
    describe_principal_arns = ["arn:aws:iam::111122223333:role/hub/test-hub-parse-event"]
    describe_role_name      = "test-hub-describe"
    describe_external_id    = "test-hub-111122223333"
    iam_path                = "/hub/"
    registry_role_name      = "qualys"
  }
  name_prefix              = "test-scan"
  iam_path                 = "/security/"
  permissions_boundary_arn = "arn:aws:iam::444455556666:policy/boundary"
  tags                     = { team = "security" }
}

run "forwards_to_the_hub" {
  module {
    source = "./modules/regional-spoke"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.forward.event_pattern == var.hub.event_pattern && coalesce(aws_cloudwatch_event_rule.forward.event_bus_name, "default") == "default"
    error_message = "The rule must take what the hub asks for, from the default bus."
  }
  assert {
    condition = (
      aws_cloudwatch_event_target.hub.arn == var.hub.event_bus_arn &&
      aws_cloudwatch_event_target.hub.role_arn == aws_iam_role.forward.arn &&
      aws_cloudwatch_event_target.hub.dead_letter_config[0].arn == module.unforwarded.queue.arn
    )
    error_message = "The target must be the hub bus, with a role and a dead-letter queue."
  }
  assert {
    condition     = [aws_cloudwatch_event_target.hub.retry_policy[0].maximum_event_age_in_seconds, aws_cloudwatch_event_target.hub.retry_policy[0].maximum_retry_attempts] == [86400, 185]
    error_message = "Delivery must be tried for as long as EventBridge does."
  }
  assert {
    condition = jsondecode(data.aws_iam_policy_document.forward.json).Statement == [{
      Sid      = "ForwardToHub"
      Effect   = "Allow"
      Action   = "events:PutEvents"
      Resource = var.hub.event_bus_arn
    }]
    error_message = "EventBridge's role may put events on the hub bus and nothing else."
  }
  assert {
    condition = jsondecode(aws_iam_role.forward.assume_role_policy).Statement == [{
      Sid       = "DeliverEvents"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.forward.arn } }
    }]
    error_message = "Only this rule may use the role."
  }
}

run "keeps_what_cannot_be_forwarded" {
  module {
    source = "./modules/regional-spoke"
  }
  variables {
    alarm_topic_arn = "arn:aws:sns:eu-west-1:444455556666:alarms"
  }

  assert {
    condition     = output.unforwarded_events_queue == module.unforwarded.queue && output.unforwarded_events_queue.name == "test-scan-unforwarded-events"
    error_message = "What is not forwarded must wait in the queue that the output names."
  }
}

run "names_path_boundary_and_tags" {
  module {
    source = "./modules/regional-spoke"
  }
  variables {
    create_describe_role = true
  }

  assert {
    condition = alltrue([
      for name in [
        aws_cloudwatch_event_rule.forward.name, aws_iam_role.forward.name,
      ] : startswith(name, "test-scan-")
    ])
    error_message = "Every name must begin with the prefix."
  }
  assert {
    condition     = endswith(aws_iam_role.forward.name, "-eu-west-1") && length(aws_iam_role.forward.name) - length(var.name_prefix) <= 64 - 28
    error_message = "Role names must differ by region, and stay within 64 characters for the longest prefix."
  }
  assert {
    condition = (
      [aws_iam_role.forward.path, aws_iam_role.describe[0].path] == ["/security/", "/hub/"] &&
      alltrue([for role in [aws_iam_role.forward, aws_iam_role.describe[0]] : role.permissions_boundary == var.permissions_boundary_arn])
    )
    error_message = "The hub finds the describe role by its own path; the boundary must reach both roles."
  }
  assert {
    condition = alltrue([
      for tags in [
        aws_cloudwatch_event_rule.forward.tags, aws_iam_role.forward.tags, aws_iam_role.describe[0].tags,
      ] : tags == tomap({ team = "security" })
    ])
    error_message = "The tags must reach everything."
  }
}

run "the_hub_alone_may_read_a_member" {
  module {
    source = "./modules/regional-spoke"
  }
  variables {
    create_describe_role = true
  }

  assert {
    condition     = aws_iam_role.describe[0].name == "test-hub-describe" && output.describe_role_arn == aws_iam_role.describe[0].arn
    error_message = "The role must be named as the hub will ask for it."
  }
  assert {
    condition = jsondecode(aws_iam_role.describe[0].assume_role_policy).Statement == [{
      Sid       = "AssumeByHub"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Condition = { ArnLike = { "aws:PrincipalArn" = one(var.hub.describe_principal_arns) }, StringEquals = { "aws:PrincipalOrgID" = "o-abcdefghij", "sts:ExternalId" = "test-hub-111122223333" } }
    }]
    error_message = "One role of the hub, of the same organization, with the external id."
  }
  assert {
    condition = jsonencode(jsondecode(data.aws_iam_policy_document.describe[0].json).Statement) == jsonencode([
      { Action = "ecs:DescribeTaskDefinition", Effect = "Allow", Resource = "*", Sid = "DescribeTaskDefinitions" },
      { Action = "ecs:ListClusters", Effect = "Allow", Resource = "*", Sid = "ListClusters" },
      {
        Action    = "ecs:ListTasks", Effect = "Allow", Resource = "*", Sid = "ListRunningTasks"
        Condition = { ArnLike = { "ecs:cluster" = "arn:aws:ecs:*:444455556666:cluster/*" } }
      },
      { Action = "ecs:DescribeTasks", Effect = "Allow", Resource = "arn:aws:ecs:*:444455556666:task/*", Sid = "DescribeRunningTasks" },
      { Action = ["ecr:DescribeImages", "ecr:BatchGetImage"], Effect = "Allow", Resource = "arn:aws:ecr:*:444455556666:repository/*", Sid = "ResolveImages" },
      { Action = "ecr:BatchGetImage", Effect = "Allow", Resource = "arn:aws:ecr:*:*:repository/*", Sid = "CheckReaders" },
      {
        Action = ["ecs:ListTagsForResource", "ecr:ListTagsForResource"], Effect = "Allow"
        Resource = [
          "arn:aws:ecs:*:444455556666:task-definition/*",
          "arn:aws:ecs:*:444455556666:service/*",
          "arn:aws:ecr:*:444455556666:repository/*",
        ]
        Sid = "ReadOwners"
      },
    ])
    error_message = "It may describe, and nothing else."
  }
}

run "without_an_organization_the_external_id_remains" {
  module {
    source = "./modules/regional-spoke"
  }
  variables {
    create_describe_role = true
    hub = {
      account_id              = "111122223333"
      region                  = "eu-central-1"
      event_bus_arn           = "arn:aws:events:eu-central-1:111122223333:event-bus/test-hub-hub"
      event_pattern           = "{\"source\":[\"aws.ecs\"]}"
      describe_principal_arns = ["arn:aws:iam::111122223333:role/hub/test-hub-parse-event"]
      describe_role_name      = "test-hub-describe"
      describe_external_id    = "test-hub-111122223333"
      iam_path                = "/hub/"
      registry_role_name      = "qualys"
    }
  }

  assert {
    condition = jsondecode(aws_iam_role.describe[0].assume_role_policy).Statement[0].Condition == {
      ArnLike      = { "aws:PrincipalArn" = one(var.hub.describe_principal_arns) }
      StringEquals = { "sts:ExternalId" = "test-hub-111122223333" }
    }
    error_message = "A list of accounts has no organization to ask for."
  }
}

run "describe_role_is_not_made_unasked" {
  module {
    source = "./modules/regional-spoke"
  }

  assert {
    condition     = 0 == sum([length(aws_iam_role.describe), length(aws_iam_role_policy.describe), length(aws_iam_role_policy.import_findings)])
    error_message = "By default a spoke forwards and does no more."
  }
  assert {
    condition     = output.describe_role_arn == null && output.rule_arn == aws_cloudwatch_event_rule.forward.arn
    error_message = "The outputs must say so."
  }
}

run "refuses_the_hub_itself" {
  command = plan
  module {
    source = "./modules/regional-spoke"
  }
  variables {
    hub = {
      account_id              = "444455556666"
      region                  = "eu-west-1"
      event_bus_arn           = "arn:aws:events:eu-west-1:444455556666:event-bus/test-hub-hub"
      event_pattern           = "{\"source\":[\"aws.ecs\"]}"
      describe_principal_arns = ["arn:aws:iam::444455556666:role/hub/test-hub-parse-event"]
      describe_role_name      = "test-hub-describe"
      describe_external_id    = "test-hub-444455556666"
      iam_path                = "/hub/"
      registry_role_name      = "qualys"
    }
  }
  expect_failures = [aws_cloudwatch_event_rule.forward]
}

run "refuses_a_describe_role_in_the_hubs_account" {
  command = plan
  module {
    source = "./modules/regional-spoke"
  }
  variables {
    create_describe_role = true
    hub = {
      account_id              = "444455556666"
      region                  = "us-east-1"
      event_bus_arn           = "arn:aws:events:us-east-1:444455556666:event-bus/test-hub-hub"
      event_pattern           = "{\"source\":[\"aws.ecs\"]}"
      describe_principal_arns = ["arn:aws:iam::444455556666:role/hub/test-hub-parse-event"]
      describe_role_name      = "test-hub-describe"
      describe_external_id    = "test-hub-444455556666"
      iam_path                = "/hub/"
      registry_role_name      = "qualys"
    }
  }
  expect_failures = [aws_iam_role.describe]
}

run "findings_are_imported_where_that_is_asked_for" {
  module {
    source = "./modules/regional-spoke"
  }
  variables {
    create_describe_role = true
    security_hub         = true
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.import_findings[0].policy).Statement == [{
      Sid      = "ImportFindings"
      Effect   = "Allow"
      Action   = "securityhub:BatchImportFindings"
      Resource = "arn:aws:securityhub:*:444455556666:product/444455556666/default"
    }] && aws_iam_role_policy.import_findings[0].role == aws_iam_role.describe[0].name
    error_message = "The describe role may import findings of this account's own product, and nothing else."
  }
}

run "it_is_the_describe_role_that_imports" {
  command = plan
  module {
    source = "./modules/regional-spoke"
  }
  variables {
    security_hub = true
  }

  expect_failures = [var.security_hub]
}

run "ecs_of_a_member_may_ask_the_gate_of_the_hub" {
  command = plan
  module {
    source = "./modules/regional-spoke"
  }
  variables {
    create_describe_role = true
    create_gate_role     = true
    hub = {
      account_id              = "111122223333"
      region                  = "eu-west-1"
      event_bus_arn           = "arn:aws:events:eu-west-1:111122223333:event-bus/test-hub-hub"
      event_pattern           = "{\"source\":[\"aws.ecs\"]}"
      describe_principal_arns = ["arn:aws:iam::111122223333:role/hub/test-hub-parse-event"]
      describe_role_name      = "test-hub-describe"
      describe_external_id    = "test-hub-111122223333"
      iam_path                = "/hub/"
      registry_role_name      = "qualys"
      deployment_gate = {
        hook_target_arn       = "arn:aws:lambda:eu-west-1:111122223333:function:test-hub-deployment-gate"
        role_arn              = "arn:aws:iam::111122223333:role/test-hub-deployment-gate-hook-eu-west-1"
        lifecycle_stages      = ["PRE_SCALE_UP", "POST_SCALE_UP"]
        timeout_configuration = { timeout_in_minutes = 70, action = "CONTINUE" }
      }
    }
  }

  assert {
    condition = (
      jsondecode(data.aws_iam_policy_document.gate_hook[0].json).Statement[0].Action == "lambda:InvokeFunction" &&
      contains(jsondecode(data.aws_iam_policy_document.gate_hook[0].json).Statement[0].Resource, var.hub.deployment_gate.hook_target_arn)
    )
    error_message = "ECS may invoke the gate of the hub, and nothing else."
  }
  assert {
    condition     = jsondecode(data.aws_iam_policy_document.trust_ecs.json).Statement[0].Principal.Service == "ecs.amazonaws.com"
    error_message = "ECS must be able to assume the role."
  }
  assert {
    condition     = aws_iam_role_policy.read_deployments[0].role == "test-hub-describe"
    error_message = "The gate must be able to read the deployment."
  }
}

run "a_gate_in_another_region_is_refused" {
  command = plan
  module {
    source = "./modules/regional-spoke"
  }
  variables {
    create_gate_role = true
  }
  expect_failures = [aws_iam_role.gate_hook]
}
