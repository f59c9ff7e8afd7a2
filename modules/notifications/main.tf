data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  # One topic for each kind of reader. SNS sends attributes, and filters by them, only if all subscribers
  # of a topic get the same text. A topic without subscribers costs nothing.
  readers = toset(["people", "phones", "chat", "machines"])
}

resource "aws_sns_topic" "this" {
  for_each = local.readers

  name              = "${var.name_prefix}-notifications-${each.key}"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "this" {
  for_each = local.readers

  arn    = aws_sns_topic.this[each.key].arn
  policy = data.aws_iam_policy_document.topic[each.key].json
}

# The function send-notification needs no statement here: inside an account its role policy is enough.
data "aws_iam_policy_document" "topic" {
  for_each = local.readers

  statement {
    sid       = "PublishAlarms"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this[each.key].arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }

  dynamic "statement" {
    for_each = try(var.topic_access[each.key].publishers, [])

    content {
      sid       = "PublishForSources${statement.key}"
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.this[each.key].arn]

      principals {
        type        = "Service"
        identifiers = [statement.value.service]
      }
      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = statement.value.source_arns
      }
    }
  }

  dynamic "statement" {
    for_each = length(try(var.topic_access[each.key].subscriber_account_ids, [])) > 0 ? [var.topic_access[each.key]] : []

    content {
      sid       = "SubscribeFromAccounts"
      actions   = ["sns:Subscribe"]
      resources = [aws_sns_topic.this[each.key].arn]

      principals {
        type        = "AWS"
        identifiers = [for id in statement.value.subscriber_account_ids : "arn:${data.aws_partition.current.partition}:iam::${id}:root"]
      }
    }
  }
}

# AWS sends each address a link to confirm. It deletes a subscription that is not confirmed within 48 hours.
resource "aws_sns_topic_subscription" "email" {
  for_each = var.email_addresses

  topic_arn = aws_sns_topic.this["people"].arn
  protocol  = "email"
  endpoint  = each.value
}

# Functions read the exceptions when they notify. An environment is too small for many exceptions.
resource "aws_dynamodb_table_item" "exceptions" {
  count = length(var.exceptions) > 0 ? 1 : 0

  table_name = var.state_table.name
  hash_key   = "key"
  item = jsonencode({
    key        = { S = "exceptions#all" }
    exceptions = { S = jsonencode(var.exceptions) }
  })
}
