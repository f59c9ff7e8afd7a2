locals {
  alarms = {
    errors = {
      namespace   = "ImageScan"
      metric      = "GateErrors"
      dimensions  = { Installation = var.name_prefix }
      description = "The deployment gate of ${var.name_prefix} failed, and answered by its mode and on_undecided"
    }
    # ECS takes both for a failed hook, and rolls the deployment back in either mode.
    crashes = {
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = local.name }
      description = "The function ${local.name} gave ECS no answer: ECS rolls such a deployment back, in audit mode too"
    }
    throttles = {
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = local.name }
      description = "Lambda throttled ${local.name}: ECS may roll such a deployment back, in audit mode too"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.alarms

  alarm_name        = "${local.name}-${each.key}"
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

# Single images may be undecided. When most deployments are, nothing is gated: scans end without a result, or too late.
# The function counts 0 or 1 for each decision, so the average is the share.
resource "aws_cloudwatch_metric_alarm" "undecided" {
  alarm_name        = "${local.name}-undecided"
  alarm_description = "The deployment gate of ${var.name_prefix} could not decide about half of the deployments of an hour"
  tags              = var.tags

  namespace           = "ImageScan"
  metric_name         = "GateUndecided"
  dimensions          = { Installation = var.name_prefix }
  statistic           = "Average"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 0.5
  treat_missing_data  = "notBreaching"
  alarm_actions       = values(var.topic_arns)
}
