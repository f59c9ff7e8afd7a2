# Accounts that forward events: what they run, and whose it is, is read through a role of theirs,
# which trusts the functions that need it and nobody else here.
locals {
  has_members = var.spokes.organization != null || var.spokes.accounts != null

  describe_role_name   = "${var.name_prefix}-describe"
  describe_external_id = "${var.name_prefix}-${local.account}"
  # {account} is filled in by the functions.
  describe_role_arn = "arn:${local.partition}:iam::{account}:role${var.iam_path}${local.describe_role_name}"

  member_ids = var.spokes.accounts == null ? [] : var.spokes.accounts.ids

  # By default the member's role is named as ours, path included.
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

      # Images name accounts; a foreign account is not ours to ask.
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
