data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id

  # Each rule starts the intake. They share one role and one queue.
  rule_arns = concat([aws_cloudwatch_event_rule.ecs.arn], aws_cloudwatch_event_rule.forwarded[*].arn)

  event_sources = ["aws.ecs"]

  # The only definition of which events are deployments: API calls, and tasks that start or stop.
  deployments = [
    {
      detail-type = ["AWS API Call via CloudTrail"]
      detail = {
        eventSource = ["ecs.amazonaws.com"]
        eventName = [
          "CreateExpressGatewayService",
          "CreateService",
          "CreateTaskSet",
          "RegisterTaskDefinition",
          "RunTask",
          "StartTask",
          "UpdateExpressGatewayService",
          "UpdateService",
        ]
        # A refused call deployed nothing.
        errorCode = [{ exists = false }]
        # Application Auto Scaling deploys nothing either. A desired count that is changed by hand cannot be
        # filtered here; ParseEvent skips it.
        userIdentity = {
          invokedBy = [
            { anything-but = "ecs.application-autoscaling.amazonaws.com" },
            { exists = false },
          ]
        }
      }
    },
    {
      detail-type = ["ECS Task State Change"]
      detail      = { lastStatus = ["RUNNING"], desiredStatus = ["RUNNING"] }
    },
    {
      detail-type = ["ECS Task State Change"]
      detail      = { lastStatus = ["STOPPED"] }
    },
  ]
  # Spokes forward all of these events, even if task_events is false here.
  event_pattern = jsonencode({ source = local.event_sources, "$or" = local.deployments })

  read = [for each in local.deployments : each if var.task_events || can(each.detail.eventName)]
}

resource "aws_cloudwatch_event_rule" "ecs" {
  name          = "${var.name_prefix}-ecs-deployments"
  description   = "ECS calls and tasks that may deploy an image"
  event_pattern = jsonencode({ source = local.event_sources, "$or" = local.read })
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "intake" {
  rule     = aws_cloudwatch_event_rule.ecs.name
  arn      = var.intake_state_machine_arn
  role_arn = aws_iam_role.start_intake.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.undelivered.queue.arn
  }

  # EventBridge does not retry when a permission is missing. Without this order, the first event would go to the queue.
  depends_on = [aws_iam_role_policy.start_intake]
}

resource "aws_iam_role" "start_intake" {
  # Role names are global in an account. The region in the name avoids a collision of two regions.
  name                 = "${var.name_prefix}-events-${local.region}"
  path                 = var.iam_path
  description          = "Image scan: EventBridge starts the intake"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "DeliverEvents"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = local.rule_arns
    }
  }
}

resource "aws_iam_role_policy" "start_intake" {
  name   = "start-intake"
  role   = aws_iam_role.start_intake.name
  policy = data.aws_iam_policy_document.start_intake.json
}

data "aws_iam_policy_document" "start_intake" {
  statement {
    sid       = "StartIntake"
    actions   = ["states:StartExecution"]
    resources = [var.intake_state_machine_arn]
  }
}
