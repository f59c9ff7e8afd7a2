# Events that EventBridge could not deliver to the intake.
module "undelivered" {
  source = "../private/queue"

  name             = "${var.name_prefix}-undelivered-events"
  content          = "ECS events that did not reach the intake"
  sid              = "KeepUndeliveredEvents"
  rule_arns        = local.rule_arns
  kms_key          = { arn = var.kms_key_arn }
  alarm_topic_arns = var.alarm_topic_arns
  tags             = var.tags
}

moved {
  from = aws_sqs_queue.undelivered
  to   = module.undelivered.aws_sqs_queue.this
}

moved {
  from = aws_cloudwatch_metric_alarm.undelivered
  to   = module.undelivered.aws_cloudwatch_metric_alarm.this
}
