# Imports the findings of each image into the Security Hub of the account that owns the image.
locals {
  # The ARN of an event bus ends with its name.
  bus_name = split(":event-bus/", var.result_bus_arn)[1]
}

resource "aws_cloudwatch_event_rule" "this" {
  name           = "${var.name_prefix}-import-findings"
  description    = "Verdicts with a result go to Security Hub"
  event_bus_name = local.bus_name
  tags           = var.tags

  event_pattern = jsonencode({
    source      = ["image-scan"]
    detail-type = ["Container Image Scan Completed"]
    # Another installation may put its events on the same bus.
    detail = { installation = [var.name_prefix], verdict = ["CLEAN", "FINDINGS"] }
  })
}

resource "aws_cloudwatch_event_target" "this" {
  rule           = aws_cloudwatch_event_rule.this.name
  event_bus_name = local.bus_name
  arn            = var.function.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = var.failed_events_queue.arn
  }

  # Without the permission, Lambda would refuse the first event, and the event would go to the queue.
  depends_on = [aws_lambda_permission.this]
}

resource "aws_lambda_permission" "this" {
  statement_id  = "InvokeForResults"
  action        = "lambda:InvokeFunction"
  function_name = var.function.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this.arn
}

# Lambda queues an event that the function cannot process, for example if Security Hub is not enabled.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = var.function.name
  maximum_event_age_in_seconds = 21600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = var.failed_events_queue.arn
    }
  }
}
