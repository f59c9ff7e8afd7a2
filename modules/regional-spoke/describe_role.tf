# The hub reads the task definitions and images of a member account with this role. One role per account.
resource "aws_iam_role" "describe" {
  # checkov:skip=CKV_AWS_61: the principal is the account, and a condition names its roles: IAM would replace a role that is the principal by its unique id
  count = var.create_describe_role ? 1 : 0

  name                 = var.hub.describe_role_name
  path                 = var.hub.iam_path
  description          = "Image scan: the hub reads task definitions and images"
  assume_role_policy   = data.aws_iam_policy_document.trust_hub[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  lifecycle {
    precondition {
      condition     = local.account != var.hub.account_id
      error_message = "The hub reads its own account without a describe role: set create_describe_role to false."
    }
  }
}

data "aws_iam_policy_document" "trust_hub" {
  count = var.create_describe_role ? 1 : 0

  statement {
    sid     = "AssumeByHub"
    actions = ["sts:AssumeRole"]

    # A condition names the roles of single functions. If a role is the principal, IAM stores its unique id,
    # and a hub that is created again has roles with other ids.
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${var.hub.account_id}:root"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = var.hub.describe_principal_arns
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.hub.describe_external_id]
    }
    dynamic "condition" {
      for_each = var.hub.organization_id == null ? [] : [var.hub.organization_id]

      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role_policy" "describe" {
  count = var.create_describe_role ? 1 : 0

  name   = "describe"
  role   = aws_iam_role.describe[0].name
  policy = data.aws_iam_policy_document.describe[0].json
}

data "aws_iam_policy_document" "describe" {
  count = var.create_describe_role ? 1 : 0

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
    sid       = "ResolveImages"
    actions   = ["ecr:BatchGetImage", "ecr:DescribeImages"]
    resources = ["arn:${local.partition}:ecr:*:${local.account}:repository/*"]
  }

  # Whether this account may read an image of another account that it deploys.
  statement {
    sid       = "CheckReaders"
    actions   = ["ecr:BatchGetImage"]
    resources = ["arn:${local.partition}:ecr:*:*:repository/*"]
  }

  statement {
    sid     = "ReadOwners"
    actions = ["ecr:ListTagsForResource", "ecs:ListTagsForResource"]
    resources = [
      "arn:${local.partition}:ecr:*:${local.account}:repository/*",
      "arn:${local.partition}:ecs:*:${local.account}:service/*",
      "arn:${local.partition}:ecs:*:${local.account}:task-definition/*",
    ]
  }
}
