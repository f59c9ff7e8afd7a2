# One role per state machine.
resource "aws_iam_role" "machine" {
  for_each = toset(["intake", "scan"])

  name                 = "${var.name_prefix}-${each.key}${local.role_suffix}"
  path                 = var.iam_path
  description          = "Image scan: state machine ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.states_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "states_trust" {
  statement {
    sid     = "RunStateMachines"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role_policy" "intake" {
  name   = "intake"
  role   = aws_iam_role.machine["intake"].name
  policy = data.aws_iam_policy_document.intake.json
}

data "aws_iam_policy_document" "intake" {
  source_policy_documents = [
    data.aws_iam_policy_document.machine.json,
    data.aws_iam_policy_document.use_key["intake"].json,
  ]

  statement {
    sid     = "InvokeFunctions"
    actions = ["lambda:InvokeFunction"]
    resources = [
      for name in ["parse_event", "check_cache", "send_notification"] :
      aws_lambda_function.this[name].arn
    ]
  }

  statement {
    sid       = "StartScans"
    actions   = ["states:StartExecution"]
    resources = [aws_sfn_state_machine.scan.arn]
  }
}

resource "aws_iam_role_policy" "scan" {
  name   = "scan"
  role   = aws_iam_role.machine["scan"].name
  policy = data.aws_iam_policy_document.scan.json
}

data "aws_iam_policy_document" "scan" {
  source_policy_documents = [
    data.aws_iam_policy_document.machine.json,
    data.aws_iam_policy_document.use_key["scan"].json,
    data.aws_iam_policy_document.use_tables["scan"].json,
  ]

  statement {
    sid     = "InvokeFunctions"
    actions = ["lambda:InvokeFunction"]
    resources = [
      for name in ["get_registry", "submit_scan", "check_status", "get_results", "send_notification"] :
      aws_lambda_function.this[name].arn
    ]
  }
}

# The statement that both machines need.
data "aws_iam_policy_document" "machine" {
  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [module.failed_events.queue.arn]
  }

  statement {
    sid = "DeliverLogs"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    # Log deliveries have no ARN, so Step Functions requires "*" for these actions.
    resources = ["*"]
  }
}
