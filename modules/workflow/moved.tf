moved {
  from = aws_cloudwatch_metric_alarm.failed_events
  to   = aws_cloudwatch_metric_alarm.queue["failed-events"]
}

moved {
  from = aws_cloudwatch_metric_alarm.queued_events
  to   = aws_cloudwatch_metric_alarm.queue["queued-events"]
}
