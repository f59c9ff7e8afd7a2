# Each scan that ends puts an event on this bus, for the rules of other programs.
locals {
  result_bus_arn = coalesce(var.result_bus_arn, "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default")
}

# The reconciliation may put the events of findings there, too.
resource "aws_iam_role_policy" "finding_events" {
  count = var.finding_events ? 1 : 0

  name   = "finding-events"
  role   = aws_iam_role.function["reconcile"].name
  policy = data.aws_iam_policy_document.finding_events.json
}

data "aws_iam_policy_document" "finding_events" {
  statement {
    sid       = "RememberOpenFindings"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [var.state_table.arn]
    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = local.state_keys.open_findings
    }
  }

  statement {
    sid       = "PutFindings"
    actions   = ["events:PutEvents"]
    resources = [local.result_bus_arn]
    condition {
      # events:source has several values, because one PutEvents call may contain several events.
      test     = "ForAllValues:StringEquals"
      variable = "events:source"
      values   = ["image-scan"]
    }
  }
}
