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
      namespace   = "ImageScan"
      metric      = "RefusedResultEvents"
      dimensions  = { Installation = var.name_prefix }
      description = "The event bus refused result events of ${var.name_prefix}: rules on them, and Security Hub, miss verdicts"
    }
    # No machine and no queue has its event. Lambda drops it after the third try.
    reconciliation = {
      namespace   = "AWS/Lambda"
      metric      = "AsyncEventsDropped"
      dimensions  = { FunctionName = aws_lambda_function.this["reconcile"].function_name }
      description = "The daily reconciliation of ${var.name_prefix} failed three times: see the log of reconcile"
    }
  }
}

# An error of a single function raises no alarm, because the machines retry it. If the retries fail, the
# execution fails, or the event goes to the failed-events queue: both raise an alarm.
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

# Problems of functions because of which no execution fails.
resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.function_alarms

  alarm_name        = "${var.name_prefix}-${each.key}"
  alarm_description = each.value.description
  tags              = var.tags

  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = values(var.topic_arns)
}
