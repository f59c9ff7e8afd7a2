# Real provider, no account: nothing here leaves the machine.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

run "dashboard" {
  command = plan
  module {
    source = "./modules/dashboard"
  }
  variables {
    name_prefix        = "test-scan"
    state_machine_arns = { intake = "arn:intake", scan = "arn:scan" }
    function_names     = { parse_event = "test-scan-parse-event", get_results = "test-scan-get-results" }
    queue_names        = ["test-scan-failed-events", "test-scan-undelivered-events"]
  }

  assert {
    condition     = aws_cloudwatch_dashboard.this.dashboard_name == "test-scan"
    error_message = "It must be named after the installation."
  }
  assert {
    condition = alltrue([
      for number, widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets :
      [widget.x, widget.y] == [number % 2 * 12, floor(number / 2) * 6] && widget.properties.region == "eu-central-1"
    ])
    error_message = "The widgets must stand side by side, in this region."
  }
  assert {
    condition = alltrue(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [
        for metric in widget.properties.metrics :
        length(metric) >= 4 && alltrue([for part in slice(metric, 0, 4) : can(tostring(part))])
      ]
    ]))
    error_message = "Each metric must be a namespace, a name and a dimension."
  }
  assert {
    condition = toset(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [
        for metric in widget.properties.metrics : metric[1]
      ]
      ])) == toset([
      "Verdicts", "CoveragePercent", "OverdueFindings", "RunningImages", "FreshVerdicts", "Unscannable", "ExecutionTime", "ExecutionsStarted",
      "Invocations", "ApproximateNumberOfMessagesVisible", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "Errors", "Events",
    ])
    error_message = "Verdicts, coverage, overdue findings, scan time, costs, queues and failures must be on it."
  }
}
