# ECS invokes the function with this role. Whoever gives the hook to a service needs iam:PassRole for it.
resource "aws_iam_role" "hook" {
  name                 = "${local.name}-hook-${local.region}"
  path                 = var.iam_path
  description          = "Image scan: ECS invokes the deployment gate"
  assume_role_policy   = data.aws_iam_policy_document.trust_ecs.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "trust_ecs" {
  # AWS documents no aws:SourceAccount for this call, and a condition that ECS does not meet would roll back every
  # deployment. A role can be passed to a service only in its own account.
  statement {
    sid     = "InvokeByEcs"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "hook" {
  name   = "invoke"
  role   = aws_iam_role.hook.name
  policy = data.aws_iam_policy_document.hook.json
}

data "aws_iam_policy_document" "hook" {
  statement {
    sid       = "InvokeGate"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.this.arn, "${aws_lambda_function.this.arn}:*"]
  }
}
