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
  function_alarms = {
    # When it goes off, neither rules on results nor Security Hub got the event of a verdict.
    refused-result-events = {
      metric      = "RefusedResultEvents"
      description = "The event bus refused result events of ${var.name_prefix}: rules on them, and Security Hub, miss verdicts"
    }
  }
}

# An error of a single function raises no alarm, because the machines retry it. If the retries fail, the
# execution fails, or the event goes to the queue below: both raise an alarm.
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
  alarm_actions       = values(var.topic_arns)
}

# Problems that functions count in a metric, although no execution fails because of them.
resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.function_alarms

  alarm_name        = "${var.name_prefix}-${each.key}"
  alarm_description = each.value.description
  tags              = var.tags

  namespace           = "ImageScan"
  metric_name         = each.value.metric
  dimensions          = { Installation = var.name_prefix }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = values(var.topic_arns)
}

# The first goes off while an event waits. It does not go off again while a message waits that no redrive can
# process; the second goes off for each event that is queued.
resource "aws_cloudwatch_metric_alarm" "queue" {
  for_each = {
    failed-events = { metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", verb = "holds" }
    queued-events = { metric = "NumberOfMessagesSent", statistic = "Sum", verb = "got more" }
  }

  alarm_name        = "${var.name_prefix}-${each.key}"
  alarm_description = "${aws_sqs_queue.failed_events.name} ${each.value.verb} events that were not processed"
  tags              = var.tags

  namespace           = "AWS/SQS"
  metric_name         = each.value.metric
  dimensions          = { QueueName = aws_sqs_queue.failed_events.name }
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = values(var.topic_arns)
}
