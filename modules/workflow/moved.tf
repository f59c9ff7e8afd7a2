# Resources that have another address since 0.1.0: Terraform keeps them.

moved {
  from = aws_sqs_queue.failed_events
  to   = module.failed_events.aws_sqs_queue.this
}

moved {
  from = aws_cloudwatch_metric_alarm.failed_events
  to   = module.failed_events.aws_cloudwatch_metric_alarm.this
}

moved {
  from = aws_cloudwatch_metric_alarm.queue["failed-events"]
  to   = aws_cloudwatch_metric_alarm.failed_events
}

moved {
  from = aws_cloudwatch_metric_alarm.queue["queued-events"]
  to   = aws_cloudwatch_metric_alarm.queued_events
}

moved {
  from = aws_cloudwatch_metric_alarm.queued_events
  to   = module.failed_events.aws_cloudwatch_metric_alarm.queued
}
