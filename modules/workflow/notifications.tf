locals {
  # One topic for each kind of reader. SNS sends attributes, and filters by them, only if all subscribers
  # of a topic get the same text. A topic without subscribers costs nothing.
  readers    = toset(["people", "phones", "chat", "machines"])
  topic_arns = { for reader, topic in aws_sns_topic.notifications : reader => topic.arn }
  team_topic_arns = compact(flatten([
    for topics in values(var.owners.topics) : [topics.people, topics.phones, topics.chat, topics.machines]
  ]))
}

resource "aws_sns_topic" "notifications" {
  for_each = local.readers

  name              = "${var.name_prefix}-notifications-${each.key}"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "notifications" {
  for_each = local.readers

  arn    = aws_sns_topic.notifications[each.key].arn
  policy = data.aws_iam_policy_document.notifications[each.key].json
}

# The function send-notification needs no statement here: inside an account its role policy is enough.
data "aws_iam_policy_document" "notifications" {
  for_each = local.readers

  statement {
    sid       = "PublishAlarms"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.notifications[each.key].arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  dynamic "statement" {
    for_each = try(var.topic_access[each.key].publishers, [])

    content {
      sid       = "PublishForSources${statement.key}"
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.notifications[each.key].arn]

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
      resources = [aws_sns_topic.notifications[each.key].arn]

      principals {
        type        = "AWS"
        identifiers = [for id in statement.value.subscriber_account_ids : "arn:${local.partition}:iam::${id}:root"]
      }
    }
  }
}

# AWS sends each address a link to confirm. It deletes a subscription that is not confirmed within 48 hours.
resource "aws_sns_topic_subscription" "email" {
  for_each = var.notification_email_addresses

  topic_arn = aws_sns_topic.notifications["people"].arn
  protocol  = "email"
  endpoint  = each.value
}
