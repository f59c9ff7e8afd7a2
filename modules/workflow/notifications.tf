resource "aws_sns_topic" "notifications" {
  name              = "${var.name_prefix}-notifications"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "notifications" {
  arn    = aws_sns_topic.notifications.arn
  policy = data.aws_iam_policy_document.notifications.json
}

# The function that notifies needs no statement: its role policy is enough inside the account.
data "aws_iam_policy_document" "notifications" {
  statement {
    sid       = "PublishAlarms"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.notifications.arn]

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
}

# Each address gets a mail from AWS and must confirm before it is told anything.
resource "aws_sns_topic_subscription" "email" {
  for_each = var.notification_email_addresses

  topic_arn = aws_sns_topic.notifications.arn
  protocol  = "email"
  endpoint  = each.value
}

# Read when a verdict is told; the functions' environment would be too small for many of them.
resource "aws_dynamodb_table_item" "exceptions" {
  count = length(var.exceptions) > 0 ? 1 : 0

  table_name = var.cache_table.name
  hash_key   = "imageDigest"
  item = jsonencode({
    imageDigest = { S = "exceptions" }
    exceptions  = { S = jsonencode(var.exceptions) }
  })
}
