locals {
  # Role names are global in an account. The region in the name avoids a collision of two regions.
  role_suffix = "-${local.region}"
}

# One role per function.
resource "aws_iam_role" "function" {
  for_each = local.functions

  name                 = "${var.name_prefix}-${replace(each.key, "_", "-")}${local.role_suffix}"
  path                 = var.iam_path
  description          = "Image scan: function ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.lambda_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "lambda_trust" {
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
  for_each = local.functions

  name   = each.key
  role   = aws_iam_role.function[each.key].name
  policy = data.aws_iam_policy_document.function[each.key].json
}

# The policy of a function, with the statements that every function needs.
data "aws_iam_policy_document" "function" {
  for_each = local.functions

  source_policy_documents = [local.function_policies[each.key]]

  statement {
    sid       = "WriteOwnLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
  }
}

# A separate resource, because Lambda refuses to create a function in a VPC without this permission. So a
# function waits for this permission only.
resource "aws_iam_role_policy_attachment" "network" {
  for_each = var.network.vpc == null ? {} : local.functions

  role       = aws_iam_role.function[each.key].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"
}

# AWS added ec2:DescribeSubnets to AWSLambdaVPCAccessExecutionRole in 2024, but not to the policy above.
resource "aws_iam_role_policy" "network" {
  for_each = aws_iam_role_policy_attachment.network

  name   = "network"
  role   = aws_iam_role.function[each.key].name
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
