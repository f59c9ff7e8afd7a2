# A queue of events that wait for a redrive, with two alarms: one goes off while it holds any, the other when it gets
# new ones. A private module: the modules beside this folder use it, and it has no README. Events stay for 14 days,
# the maximum of SQS.
resource "aws_sqs_queue" "this" {
  name                      = var.name
  message_retention_seconds = 1209600
  kms_master_key_id         = try(var.kms_key.arn, null)
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  # The policy is an argument here, because a separate resource takes the provider 25 s more.
  policy = data.aws_iam_policy_document.this.json
  tags   = var.tags
}

data "aws_iam_policy_document" "this" {
  statement {
    sid     = var.sid
    actions = ["sqs:SendMessage"]
    # A policy in the queue's own arguments cannot refer to the queue. Here "*" means this queue only.
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = var.rule_arns
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name        = var.name
  alarm_description = "${aws_sqs_queue.this.name} holds ${var.content}"
  tags              = var.tags

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

# The alarm above does not go off again while a message waits that no redrive can process; this one goes off when
# more events are queued.
resource "aws_cloudwatch_metric_alarm" "queued" {
  alarm_name        = coalesce(var.queued_alarm_name, "${var.name}-queued")
  alarm_description = "${aws_sqs_queue.this.name} got more ${var.content}"
  tags              = var.tags

  namespace           = "AWS/SQS"
  metric_name         = "NumberOfMessagesSent"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}
