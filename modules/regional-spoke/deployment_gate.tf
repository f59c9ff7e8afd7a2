# ECS of this account and region invokes the gate of the hub with this role.
resource "aws_iam_role" "gate_hook" {
  count = var.create_gate_role ? 1 : 0

  name                 = "${var.name_prefix}-deployment-gate-hook-${local.region}"
  path                 = var.iam_path
  description          = "Image scan: ECS invokes the hub's deployment gate"
  assume_role_policy   = data.aws_iam_policy_document.trust_ecs.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  lifecycle {
    precondition {
      condition     = var.hub.deployment_gate != null
      error_message = "The hub has no deployment gate. Set deployment_gate at the hub first, and apply it."
    }
    precondition {
      condition     = var.hub.region == local.region
      error_message = "The deployment gate of the hub is in another region, and ECS calls only functions of its own region."
    }
  }
}

data "aws_iam_policy_document" "trust_ecs" {
  # AWS documents no condition for this role; a role can be passed to a service only in its own account.
  statement {
    sid     = "InvokeByEcs"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "gate_hook" {
  count = var.create_gate_role ? 1 : 0

  name   = "invoke"
  role   = aws_iam_role.gate_hook[0].name
  policy = data.aws_iam_policy_document.gate_hook[0].json
}

data "aws_iam_policy_document" "gate_hook" {
  count = var.create_gate_role ? 1 : 0

  statement {
    sid       = "InvokeGate"
    actions   = ["lambda:InvokeFunction"]
    resources = try([var.hub.deployment_gate.hook_target_arn, "${var.hub.deployment_gate.hook_target_arn}:*"], [])
  }
}

# The gate reads the deployment that it is asked about, and what ran in the service.
resource "aws_iam_role_policy" "read_deployments" {
  count = var.create_gate_role && var.create_describe_role ? 1 : 0

  name   = "read-deployments"
  role   = aws_iam_role.describe[0].name
  policy = data.aws_iam_policy_document.read_deployments.json
}

data "aws_iam_policy_document" "read_deployments" {
  statement {
    sid     = "ReadDeployments"
    actions = ["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions", "ecs:ListServiceDeployments"]
    resources = [
      "arn:${local.partition}:ecs:*:${local.account}:service/*",
      "arn:${local.partition}:ecs:*:${local.account}:service-deployment/*",
      "arn:${local.partition}:ecs:*:${local.account}:service-revision/*",
    ]
  }
}
