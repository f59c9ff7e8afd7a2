# The reconciliation compares the running images with the stored verdicts, once a day and on demand.
resource "aws_scheduler_schedule" "reconcile" {
  # checkov:skip=CKV_AWS_297: the schedule holds only an ARN; AWS encrypts it with a key of its own
  count = var.reconcile_schedule == null ? 0 : 1

  name                = "${var.name_prefix}-reconcile"
  description         = "Running images without a verdict are scanned, and coverage is published"
  schedule_expression = var.reconcile_schedule

  # At the same time each day: it renews verdicts that run out before the next one.
  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this["reconcile"].arn
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode(local.reconcile_input)

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 3
    }

    dead_letter_config {
      arn = module.failed_events.queue.arn
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

locals {
  # The schedule's input has this ARN. In the function's environment it would be a cycle: the machine refers to functions.
  reconcile_input = { intake_state_machine_arn = aws_sfn_state_machine.intake.arn }
}

resource "aws_iam_role" "scheduler" {
  name                 = "${var.name_prefix}-scheduler${local.role_suffix}"
  path                 = var.iam_path
  description          = "Image scan: EventBridge Scheduler starts the reconciliation"
  assume_role_policy   = data.aws_iam_policy_document.scheduler_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    sid     = "RunSchedules"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "reconcile"
  role   = aws_iam_role.scheduler.name
  policy = data.aws_iam_policy_document.scheduler.json
}

data "aws_iam_policy_document" "scheduler" {
  source_policy_documents = [data.aws_iam_policy_document.use_key["scheduler"].json]

  statement {
    sid       = "StartReconciliation"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.this["reconcile"].arn]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [module.failed_events.queue.arn]
  }
}

data "aws_iam_policy_document" "reconcile" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_credential.json,
    data.aws_iam_policy_document.read_members.json,
    data.aws_iam_policy_document.read_workload_tags.json,
    data.aws_iam_policy_document.use_key["reconcile"].json,
    data.aws_iam_policy_document.use_tables["reconcile"].json,
  ]

  statement {
    sid     = "DescribeTaskDefinitions"
    actions = ["ecs:DescribeTaskDefinition"]
    # ECS has no resource-level permission for this action.
    resources = ["*"]
  }

  statement {
    sid     = "ListClusters"
    actions = ["ecs:ListClusters"]
    # ECS has no resource-level permission for this action.
    resources = ["*"]
  }

  statement {
    sid     = "ListRunningTasks"
    actions = ["ecs:ListTasks"]
    # The resources of this action are container instances, which Fargate does not have.
    resources = ["*"]

    condition {
      test     = "ArnLike"
      variable = "ecs:cluster"
      values   = ["arn:${local.partition}:ecs:*:${local.account}:cluster/*"]
    }
  }

  statement {
    sid       = "DescribeRunningTasks"
    actions   = ["ecs:DescribeTasks"]
    resources = ["arn:${local.partition}:ecs:*:${local.account}:task/*"]
  }

  statement {
    sid       = "StartReassessment"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.this["reassess"].arn]
  }

  statement {
    sid       = "PublishDigest"
    actions   = ["sns:Publish"]
    resources = values(var.topic_arns)
  }
}

# A separate policy. The machine depends on the policies of its functions, and this policy depends on the machine.
resource "aws_iam_role_policy" "send_to_intake" {
  name   = "send-to-intake"
  role   = aws_iam_role.function["reconcile"].name
  policy = data.aws_iam_policy_document.send_to_intake.json
}

data "aws_iam_policy_document" "send_to_intake" {
  statement {
    sid       = "SendToIntake"
    actions   = ["states:StartExecution"]
    resources = [aws_sfn_state_machine.intake.arn]
  }
}
