# Events that the hub bus did not accept. A spoke has no KMS key, because it stores nothing else.
module "unforwarded" {
  source = "../private/queue"

  name             = "${var.name_prefix}-unforwarded-events"
  content          = "ECS events that did not reach the hub"
  sid              = "KeepUnforwardedEvents"
  rule_arns        = [aws_cloudwatch_event_rule.forward.arn]
  alarm_topic_arns = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  tags             = var.tags
}

moved {
  from = aws_sqs_queue.unforwarded
  to   = module.unforwarded.aws_sqs_queue.this
}

moved {
  from = aws_cloudwatch_metric_alarm.unforwarded
  to   = module.unforwarded.aws_cloudwatch_metric_alarm.this
}
