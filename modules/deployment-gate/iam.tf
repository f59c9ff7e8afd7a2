# The role of the function. It only reads, apart from the scans that it asks for and what it announces.
resource "aws_iam_role" "function" {
  # Role names are global in an account. The region in the name avoids a collision of two regions.
  name                 = "${local.name}-${local.region}"
  path                 = var.iam_path
  description          = "Image scan: function deployment_gate"
  assume_role_policy   = data.aws_iam_policy_document.trust_lambda.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "trust_lambda" {
  statement {
    sid     = "RunFunctions"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "function" {
  name   = "deployment_gate"
  role   = aws_iam_role.function.name
  policy = data.aws_iam_policy_document.function.json
}

data "aws_iam_policy_document" "function" {
  source_policy_documents = [var.members.policy, var.table_policy]

  statement {
    sid     = "DescribeTaskDefinitions"
    actions = ["ecs:DescribeTaskDefinition"]
    # ECS has no resource-level permission for this action.
    resources = ["*"]
  }

  statement {
    sid = "ReadDeployments"
    actions = [
      "ecs:DescribeServiceDeployments",
      "ecs:DescribeServiceRevisions",
      "ecs:ListServiceDeployments",
      "ecs:ListTagsForResource",
    ]
    resources = [
      "arn:${local.partition}:ecs:${local.region}:${local.account}:service/*",
      "arn:${local.partition}:ecs:${local.region}:${local.account}:service-deployment/*",
      "arn:${local.partition}:ecs:${local.region}:${local.account}:service-revision/*",
    ]
  }

  # A rule of the scope that names tags asks for those of the task definition, too.
  dynamic "statement" {
    for_each = anytrue([for rule in flatten(values(var.scope)) : length(rule.tags) > 0]) ? [1] : []

    content {
      sid       = "ReadWorkloadTags"
      actions   = ["ecs:ListTagsForResource"]
      resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task-definition/*"]
    }
  }

  # Any region and account, because a task may run an image of another registry. That repository's policy must allow it.
  statement {
    sid       = "ResolveImages"
    actions   = ["ecr:BatchGetImage", "ecr:DescribeImages"]
    resources = ["arn:${local.partition}:ecr:*:*:repository/*"]
  }

  statement {
    sid       = "SendToIntake"
    actions   = ["states:StartExecution"]
    resources = [var.intake_state_machine_arn]
  }

  statement {
    sid       = "PutDecisions"
    actions   = ["events:PutEvents"]
    resources = [var.result_bus_arn]
    condition {
      # events:source has several values, because one PutEvents call may contain several events.
      test     = "ForAllValues:StringEquals"
      variable = "events:source"
      values   = ["image-scan"]
    }
  }

  statement {
    sid       = "PublishNotifications"
    actions   = ["sns:Publish"]
    resources = values(var.topic_arns)
  }

  statement {
    sid       = "UseKeyThroughServices"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      # The domain after the region differs between partitions.
      values = [for service in ["dynamodb", "sns"] : "${service}.${local.region}.*"]
    }
  }

  statement {
    sid       = "WriteOwnLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }
}

# A separate resource, because Lambda refuses to create a function in a VPC without this permission.
resource "aws_iam_role_policy_attachment" "network" {
  count = var.network.vpc == null ? 0 : 1

  role       = aws_iam_role.function.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"
}

# AWS added ec2:DescribeSubnets to AWSLambdaVPCAccessExecutionRole in 2024, but not to the policy above.
resource "aws_iam_role_policy" "network" {
  count = var.network.vpc == null ? 0 : 1

  name   = "network"
  role   = aws_iam_role.function.name
  policy = data.aws_iam_policy_document.network.json
}

data "aws_iam_policy_document" "network" {
  statement {
    sid     = "DescribeSubnets"
    actions = ["ec2:DescribeSubnets"]
    # EC2 has no resource-level permission for this action.
    resources = ["*"]
  }
}
