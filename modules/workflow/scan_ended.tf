# What ends outside the scan machine's own Catch (aborted by hand, timed out as a whole, an error of
# the runtime) is announced by Step Functions itself: the lease is freed and the owner is notified.
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
    arn = aws_sqs_queue.failed_events.arn
  }

  # Without it the first event would be refused, and go to the queue.
  depends_on = [aws_lambda_permission.scan_ended]
}

resource "aws_lambda_permission" "scan_ended" {
  statement_id  = "InvokeWhenScanEnded"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["send_notification"].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.scan_ended.arn
}

# EventBridge has done its part once Lambda took the event; what the function then fails at is queued.
resource "aws_lambda_function_event_invoke_config" "send_notification" {
  function_name                = aws_lambda_function.this["send_notification"].function_name
  maximum_event_age_in_seconds = 21600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed_events.arn
    }
  }
}
