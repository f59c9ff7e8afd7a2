data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  # The statement for an organization includes the hub's own account.
  accounts = setunion(
    var.spokes.accounts == null ? [] : var.spokes.accounts.ids,
    var.spokes.regional && var.spokes.organization == null ? [data.aws_caller_identity.current.account_id] : [],
  )
}

# The bus that spokes forward to: other regions of this account, and other accounts.
resource "aws_cloudwatch_event_bus" "this" {
  name        = "${var.name_prefix}-hub"
  description = "ECS calls that spokes forward"
  tags        = var.tags
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name
  policy         = data.aws_iam_policy_document.policy.json
}

data "aws_iam_policy_document" "policy" {
  dynamic "statement" {
    for_each = var.spokes.organization == null ? [] : [var.spokes.organization.id]

    content {
      sid       = "ForwardFromOrganization"
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.this.arn]

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [statement.value]
      }
      # One PutEvents call may contain events of several sources.
      condition {
        test     = "ForAllValues:StringEquals"
        variable = "events:source"
        values   = ["aws.ecs"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.accounts) > 0 ? [local.accounts] : []

    content {
      sid       = "ForwardFromAccounts"
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.this.arn]

      principals {
        type        = "AWS"
        identifiers = [for account in statement.value : "arn:${data.aws_partition.current.partition}:iam::${account}:root"]
      }
      condition {
        test     = "ForAllValues:StringEquals"
        variable = "events:source"
        values   = ["aws.ecs"]
      }
    }
  }
}
