# Real provider, no account: nothing here leaves the machine.
provider "aws" {
  region                      = "eu-central-1"
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
  values = { account_id = "111122223333" }
}

override_resource {
  target = aws_cloudwatch_event_rule.ecs
  values = { arn = "arn:aws:events:eu-central-1:111122223333:rule/test-scan-ecs-deployments" }
}

override_resource {
  target = aws_cloudwatch_event_rule.forwarded
  values = { arn = "arn:aws:events:eu-central-1:111122223333:rule/test-scan-hub/test-scan-forwarded-deployments" }
}

override_resource {
  target = module.undelivered.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:test-scan-undelivered-events" }
}

override_resource {
  target = aws_iam_role.start_intake
  values = { arn = "arn:aws:iam::111122223333:role/security/test-scan-events" }
}

override_resource {
  target = aws_cloudwatch_event_target.intake
}
override_resource {
  target = aws_ssm_parameter.installation
}
override_resource {
  target = aws_cloudwatch_event_target.forwarded
}
override_resource {
  target = aws_iam_role_policy.start_intake
}
override_resource {
  target = module.undelivered.aws_cloudwatch_metric_alarm.this
}
override_resource {
  target = module.undelivered.aws_cloudwatch_metric_alarm.queued
}
variables {
  name_prefix              = "test-scan"
  installation_version     = "1.2.3"
  intake_state_machine_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:test-scan-intake"
  alarm_topic_arns         = [for reader in ["people", "chat"] : "arn:aws:sns:eu-central-1:111122223333:test-scan-notifications-${reader}"]
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/abc"
  members = {
    describe_principal_arns = ["arn:aws:iam::111122223333:role/security/test-scan-parse-event"]
    describe_role_name      = "test-scan-describe"
    describe_external_id    = "test-scan-111122223333"
    iam_path                = "/security/"
    registry_role_name      = "security/qualys"
  }
  iam_path                 = "/security/"
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
  tags                     = { team = "security" }
}

run "matches_deployments_only" {
  module {
    source = "./modules/event-detection"
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudwatch_event_rule.ecs.event_pattern)) == jsonencode({
      source = ["aws.ecs"]
      "$or" = [
        {
          detail-type = ["AWS API Call via CloudTrail"]
          detail = {
            eventSource  = ["ecs.amazonaws.com"]
            eventName    = ["CreateExpressGatewayService", "CreateService", "CreateTaskSet", "RegisterTaskDefinition", "RunTask", "StartTask", "UpdateExpressGatewayService", "UpdateService"]
            errorCode    = [{ exists = false }]
            userIdentity = { invokedBy = [{ anything-but = "ecs.application-autoscaling.amazonaws.com" }, { exists = false }] }
          }
        },
        { detail-type = ["ECS Task State Change"], detail = { lastStatus = ["RUNNING"], desiredStatus = ["RUNNING"] } },
        { detail-type = ["ECS Task State Change"], detail = { lastStatus = ["STOPPED"] } },
      ]
    })
    error_message = "The pattern must take the four calls, without refused ones and without automatic scaling, and tasks that start or stop."
  }
  assert {
    condition     = output.event_pattern == aws_cloudwatch_event_rule.ecs.event_pattern
    error_message = "The pattern that is given out must be the rule's."
  }
}

run "calls_alone_without_task_events" {
  module {
    source = "./modules/event-detection"
  }
  variables {
    task_events = false
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.ecs.event_pattern)["$or"][*].detail-type == [["AWS API Call via CloudTrail"]]
    error_message = "Task events must be left out where they are not asked for."
  }
  assert {
    condition     = length(jsondecode(output.event_pattern)["$or"]) == 3
    error_message = "Spokes need not know of it."
  }
}

run "starts_the_intake_and_keeps_what_cannot_be_delivered" {
  module {
    source = "./modules/event-detection"
  }

  assert {
    condition = (
      aws_cloudwatch_event_target.intake.arn == var.intake_state_machine_arn &&
      aws_cloudwatch_event_target.intake.role_arn == aws_iam_role.start_intake.arn &&
      aws_cloudwatch_event_target.intake.dead_letter_config[0].arn == module.undelivered.queue.arn
    )
    error_message = "The target must be the intake, with a role and a dead-letter queue."
  }
  assert {
    condition = jsondecode(data.aws_iam_policy_document.start_intake.json).Statement == [{
      Sid      = "StartIntake"
      Effect   = "Allow"
      Action   = "states:StartExecution"
      Resource = var.intake_state_machine_arn
    }]
    error_message = "EventBridge's role may start the intake and nothing else."
  }
  assert {
    condition = jsondecode(aws_iam_role.start_intake.assume_role_policy).Statement == [{
      Sid       = "DeliverEvents"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.ecs.arn } }
    }]
    error_message = "Only this rule may use the role."
  }
  assert {
    condition     = output.undelivered_events_queue == module.undelivered.queue && output.undelivered_events_queue.name == "test-scan-undelivered-events"
    error_message = "What is not delivered must wait in the queue that the output names."
  }
}

run "names_path_boundary_and_tags" {
  module {
    source = "./modules/event-detection"
  }

  assert {
    condition = alltrue([
      for name in [
        aws_cloudwatch_event_rule.ecs.name, aws_iam_role.start_intake.name,
      ] : startswith(name, "test-scan-")
    ])
    error_message = "Every name must begin with the prefix."
  }
  assert {
    condition     = endswith(aws_iam_role.start_intake.name, "-eu-central-1")
    error_message = "Role names must differ by region."
  }
  assert {
    condition = (
      aws_iam_role.start_intake.path == "/security/" &&
      aws_iam_role.start_intake.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    )
    error_message = "Path and boundary must reach the role."
  }
  assert {
    condition = alltrue([
      for tags in [
        aws_cloudwatch_event_rule.ecs.tags, aws_iam_role.start_intake.tags,
      ] : tags == tomap({ team = "security" })
    ])
    error_message = "The tags must reach everything."
  }
}

run "without_a_hub_bus_nothing_is_forwarded" {
  module {
    source = "./modules/event-detection"
  }

  assert {
    condition = 0 == sum([
      length(aws_cloudwatch_event_rule.forwarded), length(aws_cloudwatch_event_target.forwarded),
    ])
    error_message = "A single account must have no rule for events of others."
  }
  assert {
    condition     = output.hub == null && output.forwarded_rule_arn == null
    error_message = "Without a bus there is nothing to give to spokes."
  }
  assert {
    condition     = aws_ssm_parameter.installation.insecure_value == jsonencode({ version = "1.2.3", hub = null })
    error_message = "Each installation must say its version."
  }
}

run "describes_the_hub" {
  module {
    source = "./modules/event-detection"
  }
  variables {
    hub_bus = {
      name            = "test-scan-hub"
      arn             = "arn:aws:events:eu-central-1:111122223333:event-bus/test-scan-hub"
      organization_id = "o-abcdefghij"
    }
  }

  assert {
    condition = output.hub == merge(var.members, {
      account_id      = "111122223333"
      region          = "eu-central-1"
      event_bus_arn   = var.hub_bus.arn
      event_pattern   = aws_cloudwatch_event_rule.ecs.event_pattern
      organization_id = "o-abcdefghij"
    })
    error_message = "Spokes must get where to forward what, and whom to let in."
  }
  assert {
    condition = (
      aws_ssm_parameter.installation.name == "/image-scan/test-scan/installation" && aws_ssm_parameter.installation.type == "String" &&
      aws_ssm_parameter.installation.insecure_value == jsonencode({ version = "1.2.3", hub = output.hub }) && aws_ssm_parameter.installation.tags == tomap({ team = "security" })
    )
    error_message = "The hub must describe itself in its account, whatever it is named."
  }
}

run "a_description_that_no_parameter_holds_is_refused" {
  command = plan
  module {
    source = "./modules/event-detection"
  }
  variables {
    hub_bus = { name = "test-scan-hub", arn = "arn:aws:events:eu-central-1:111122223333:event-bus/test-scan-hub" }
    members = {
      describe_principal_arns = [for number in range(4) : "arn:aws:iam::111122223333:role/${join("", range(500))}/${number}"]
      describe_role_name      = "test-scan-describe"
      describe_external_id    = "test-scan-111122223333"
      iam_path                = "/security/"
      registry_role_name      = "security/qualys"
    }
  }
  expect_failures = [aws_ssm_parameter.installation]
}

run "forwarded_events_start_the_intake_as_ours_do" {
  module {
    source = "./modules/event-detection"
  }
  variables {
    hub_bus = { name = "test-scan-hub", arn = "arn:aws:events:eu-central-1:111122223333:event-bus/test-scan-hub" }
  }

  assert {
    condition = (
      aws_cloudwatch_event_target.forwarded[0].arn == aws_cloudwatch_event_target.intake.arn &&
      aws_cloudwatch_event_target.forwarded[0].role_arn == aws_cloudwatch_event_target.intake.role_arn &&
      aws_cloudwatch_event_target.forwarded[0].dead_letter_config[0].arn == module.undelivered.queue.arn &&
      aws_cloudwatch_event_target.forwarded[0].retry_policy == aws_cloudwatch_event_target.intake.retry_policy &&
      aws_cloudwatch_event_rule.forwarded[0].event_bus_name == "test-scan-hub" &&
      aws_cloudwatch_event_target.forwarded[0].event_bus_name == "test-scan-hub"
    )
    error_message = "The rule on the hub bus must do what the one on the default bus does."
  }
  assert {
    condition = jsonencode(jsondecode(aws_cloudwatch_event_rule.forwarded[0].event_pattern)) == jsonencode({
      source = ["aws.ecs"]
      "$or" = flatten([
        for event in jsondecode(aws_cloudwatch_event_rule.ecs.event_pattern)["$or"] : [
          merge(event, { account = [{ anything-but = "111122223333" }] }),
          merge(event, { region = [{ anything-but = "eu-central-1" }] }),
        ]
      ])
    })
    error_message = "The same events, except our own: those came over the default bus."
  }
  assert {
    condition = toset(jsondecode(aws_iam_role.start_intake.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"]) == toset([
      aws_cloudwatch_event_rule.ecs.arn, aws_cloudwatch_event_rule.forwarded[0].arn
    ])
    error_message = "Both rules, and no other, may use the role."
  }
  assert {
    condition     = aws_cloudwatch_event_rule.forwarded[0].tags == tomap({ team = "security" })
    error_message = "The tags must reach the rule."
  }
}
