# Member accounts, which forward their events. Functions read a member's tasks, images and tags with the describe
# role of the member. That role trusts only the functions that need it.
locals {
  has_members = var.spokes.organization != null || var.spokes.accounts != null

  describe_role_name   = "${var.name_prefix}-describe"
  describe_external_id = "${var.name_prefix}-${local.account}"
  # The functions replace {account}.
  describe_role_arn = "arn:${local.partition}:iam::{account}:role${var.iam_path}${local.describe_role_name}"

  member_ids = var.spokes.accounts == null ? [] : var.spokes.accounts.ids

  # By default the member's role has the path and name of the role here.
  registry_role_name       = coalesce(var.spokes.registry_role_name, split(":role/", var.registry_role_arn)[1])
  member_registry_role_arn = "arn:${local.partition}:iam::{account}:role/${local.registry_role_name}"

  members_environment = local.has_members ? {
    HUB_ACCOUNT_ID       = local.account
    DESCRIBE_ROLE_ARN    = local.describe_role_arn
    DESCRIBE_EXTERNAL_ID = local.describe_external_id
    SPOKE_ACCOUNT_IDS    = join(" ", sort(local.member_ids))
  } : {}
}

data "aws_iam_policy_document" "read_members" {
  dynamic "statement" {
    for_each = var.spokes.organization == null ? [] : [var.spokes.organization.id]

    content {
      sid       = "ReadOrganization"
      actions   = ["sts:AssumeRole"]
      resources = [replace(local.describe_role_arn, "{account}", "*")]

      # An image reference may name any account. Roles of accounts outside the organization must not be assumed.
      condition {
        test     = "StringEquals"
        variable = "aws:ResourceOrgID"
        values   = [statement.value]
      }
    }
  }

  dynamic "statement" {
    for_each = var.spokes.accounts == null ? [] : [var.spokes.accounts.ids]

    content {
      sid       = "ReadMembers"
      actions   = ["sts:AssumeRole"]
      resources = [for account in statement.value : replace(local.describe_role_arn, "{account}", account)]
    }
  }
}
