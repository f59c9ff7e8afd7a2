# Events that the hub bus did not take. They stay as long as a queue can hold them.
resource "aws_sqs_queue" "unforwarded" {
  name                      = "${var.name_prefix}-unforwarded-events"
  message_retention_seconds = 1209600
  # A spoke has no key of its own: it holds nothing else.
  sqs_managed_sse_enabled = true
  # Written here and not in a resource of its own, which takes the provider 25 s more.
  policy = data.aws_iam_policy_document.unforwarded.json
  tags   = var.tags
}

data "aws_iam_policy_document" "unforwarded" {
  statement {
    sid     = "KeepUnforwardedEvents"
    actions = ["sqs:SendMessage"]
    # A policy inside its queue cannot name the queue; "*" means this queue alone.
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
