# Events that EventBridge could not deliver to the intake. They stay for 14 days, the maximum of SQS.
resource "aws_sqs_queue" "undelivered" {
  name                      = "${var.name_prefix}-undelivered-events"
  message_retention_seconds = 1209600
  kms_master_key_id         = var.kms_key_arn
  # The policy is an argument here, because a separate resource takes the provider 25 s more.
  policy = data.aws_iam_policy_document.undelivered.json
  tags   = var.tags
}

data "aws_iam_policy_document" "undelivered" {
  statement {
    sid     = "KeepUndeliveredEvents"
    actions = ["sqs:SendMessage"]
    # A policy in the queue's own arguments cannot refer to the queue. Here "*" means this queue only.
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = local.rule_arns
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "undelivered" {
  alarm_name        = "${var.name_prefix}-undelivered-events"
  alarm_description = "${aws_sqs_queue.undelivered.name} holds ECS events that did not reach the intake"
  tags              = var.tags

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.undelivered.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}
