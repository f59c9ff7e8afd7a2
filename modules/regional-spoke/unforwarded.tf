# Events that the hub bus did not accept. They stay for 14 days, the maximum of SQS.
resource "aws_sqs_queue" "unforwarded" {
  name                      = "${var.name_prefix}-unforwarded-events"
  message_retention_seconds = 1209600
  # A spoke has no KMS key, because it stores nothing else.
  sqs_managed_sse_enabled = true
  # The policy is an argument here, because a separate resource takes the provider 25 s more.
  policy = data.aws_iam_policy_document.unforwarded.json
  tags   = var.tags
}

data "aws_iam_policy_document" "unforwarded" {
  statement {
    sid     = "KeepUnforwardedEvents"
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
      values   = [aws_cloudwatch_event_rule.forward.arn]
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "unforwarded" {
  alarm_name        = "${var.name_prefix}-unforwarded-events"
  alarm_description = "${aws_sqs_queue.unforwarded.name} holds ECS events that did not reach the hub"
  tags              = var.tags

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.unforwarded.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
}
