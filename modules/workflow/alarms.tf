locals {
  machines = {
    intake = aws_sfn_state_machine.intake.arn
    scan   = aws_sfn_state_machine.scan.arn
  }
  failure_metrics = {
    failed    = "ExecutionsFailed"
    timed-out = "ExecutionsTimedOut"
    aborted   = "ExecutionsAborted"
    throttled = "ExecutionThrottled"
  }
  machine_alarms = {
    for pair in setproduct(keys(local.machines), keys(local.failure_metrics)) :
    "${pair[0]}-${pair[1]}" => { machine = pair[0], metric = local.failure_metrics[pair[1]] }
    # An Express execution cannot be aborted.
    if pair != ["intake", "aborted"]
  }
}

# Errors of single functions raise no alarm: the machines retry them, and what is left of them ends
# in one of these, or in the queue below.
resource "aws_cloudwatch_metric_alarm" "machine" {
  for_each = local.machine_alarms

  alarm_name        = "${var.name_prefix}-${each.key}"
  alarm_description = "${each.value.metric} of the ${each.value.machine} state machine of ${var.name_prefix}"
  tags              = var.tags

  namespace           = "AWS/States"
  metric_name         = each.value.metric
  dimensions          = { StateMachineArn = local.machines[each.value.machine] }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = values(local.topic_arns)
}

# The role trusts another external id than the one that Qualys now presents.
resource "aws_cloudwatch_metric_alarm" "external_id_drift" {
  alarm_name        = "${var.name_prefix}-external-id-drift"
  alarm_description = "Qualys' aws-base tells another external id than ${var.name_prefix} was given; the sensor may be refused"
  tags              = var.tags

  namespace           = "ImageScan"
  metric_name         = "ExternalIdDrift"
  dimensions          = { Install = var.name_prefix }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = values(local.topic_arns)
}

# The bus refused the event of a verdict: neither rules of others nor Security Hub hear of it.
resource "aws_cloudwatch_metric_alarm" "refused_result_events" {
  alarm_name        = "${var.name_prefix}-refused-result-events"
  alarm_description = "The event bus refused result events of ${var.name_prefix}: rules on them, and Security Hub, miss verdicts"
  tags              = var.tags

  namespace           = "ImageScan"
  metric_name         = "RefusedResultEvents"
  dimensions          = { Install = var.name_prefix }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = values(local.topic_arns)
}

resource "aws_cloudwatch_metric_alarm" "failed_events" {
  alarm_name        = "${var.name_prefix}-failed-events"
  alarm_description = "${aws_sqs_queue.failed_events.name} holds events that were not processed"
  tags              = var.tags

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failed_events.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = values(local.topic_arns)
}
