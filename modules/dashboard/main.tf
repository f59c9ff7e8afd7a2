data "aws_region" "current" {}

locals {
  region    = data.aws_region.current.id
  namespace = "ImageScan"
  # Every widget is half of the page wide.
  width  = 12
  height = 6

  graphs = [
    {
      title = "Verdicts"
      stat  = "Sum"
      metrics = [
        for verdict in ["CLEAN", "FINDINGS", "UNSCANNABLE", "TIMEOUT", "ERROR"] :
        [local.namespace, "Verdicts", "Installation", var.name_prefix, "Verdict", verdict, { label = verdict }]
      ]
    },
    {
      title = "Coverage: of what runs, percent with a fresh verdict"
      stat  = "Minimum"
      # Once a day.
      period  = 86400
      metrics = [[local.namespace, "CoveragePercent", "Installation", var.name_prefix]]
    },
    {
      title   = "Images that run"
      stat    = "Maximum"
      period  = 86400
      metrics = [for name in ["RunningImages", "FreshVerdicts", "Unscannable"] : [local.namespace, name, "Installation", var.name_prefix]]
    },
    {
      title   = "Findings that run beyond their deadline"
      stat    = "Maximum"
      period  = 86400
      metrics = [[local.namespace, "OverdueFindings", "Installation", var.name_prefix]]
    },
    {
      title = "Time of a scan, milliseconds"
      metrics = [
        for stat in ["p50", "p95"] :
        ["AWS/States", "ExecutionTime", "StateMachineArn", var.state_machine_arns.scan, { stat = stat, label = stat }]
      ]
    },
    {
      title = "What costs: executions and function invocations"
      stat  = "Sum"
      metrics = concat(
        [for name, arn in var.state_machine_arns : ["AWS/States", "ExecutionsStarted", "StateMachineArn", arn, { label = name }]],
        [for step, name in var.function_names : ["AWS/Lambda", "Invocations", "FunctionName", name, { label = step }]],
      )
    },
    {
      title   = "Events that wait in a queue"
      stat    = "Maximum"
      metrics = [for name in var.queue_names : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name, { label = name }]]
    },
    {
      title = "Failures"
      stat  = "Sum"
      metrics = concat(
        concat([
          for name, arn in var.state_machine_arns : [
            for metric in ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"] :
            ["AWS/States", metric, "StateMachineArn", arn, { label = "${name} ${metric}" }]
          ]
        ]...),
        [for step, name in var.function_names : ["AWS/Lambda", "Errors", "FunctionName", name, { label = "${step} Errors" }]],
      )
    },
    {
      title   = "Events"
      stat    = "Sum"
      metrics = [for outcome in ["deployment", "skipped"] : [local.namespace, "Events", "Installation", var.name_prefix, "Outcome", outcome, { label = outcome }]]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name_prefix
  dashboard_body = jsonencode({
    widgets = [
      for number, graph in local.graphs : {
        type   = "metric"
        x      = number % 2 * local.width
        y      = floor(number / 2) * local.height
        width  = local.width
        height = local.height
        properties = {
          title   = graph.title
          region  = local.region
          view    = "timeSeries"
          stat    = try(graph.stat, "Average")
          period  = try(graph.period, 300)
          metrics = graph.metrics
        }
      }
    ]
  })
}
