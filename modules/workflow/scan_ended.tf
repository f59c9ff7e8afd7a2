# Handles executions that end outside the scan machine's own Catch: aborted by hand, timed out as a whole, or
# stopped by an error of the runtime. Step Functions sends an event; the function frees the lease and notifies.
resource "aws_cloudwatch_event_rule" "scan_ended" {
  name        = "${var.name_prefix}-scan-ended"
  description = "A scan that ended without success frees its image and is reported"
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.states"]
    detail-type = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [aws_sfn_state_machine.scan.arn]
      status          = ["FAILED", "TIMED_OUT", "ABORTED"]
    }
  })
}

resource "aws_cloudwatch_event_target" "scan_ended" {
  rule = aws_cloudwatch_event_rule.scan_ended.name
  arn  = aws_lambda_function.this["send_notification"].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.failed_events.queue.arn
  }

  # Without the permission, Lambda would refuse the first event, and the event would go to the queue.
  depends_on = [aws_lambda_permission.scan_ended]
}

resource "aws_lambda_permission" "scan_ended" {
  statement_id  = "InvokeWhenScanEnded"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["send_notification"].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.scan_ended.arn
}

# EventBridge does not see a failure after Lambda accepted the event. Lambda then sends the event to the queue.
resource "aws_lambda_function_event_invoke_config" "send_notification" {
  function_name                = aws_lambda_function.this["send_notification"].function_name
  maximum_event_age_in_seconds = 21600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = module.failed_events.queue.arn
    }
  }
}
