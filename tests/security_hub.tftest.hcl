# Real provider, no account: nothing here leaves the machine.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_resource {
  target = aws_cloudwatch_event_rule.this
  values = { arn = "arn:aws:events:eu-central-1:111122223333:rule/test-scan-import-findings" }
}
override_resource {
  target = aws_cloudwatch_event_target.this
}
override_resource {
  target = aws_lambda_permission.this
}
override_resource {
  target = aws_lambda_function_event_invoke_config.this
}

variables {
  name_prefix         = "test-scan"
  function            = { name = "test-scan-import-findings", arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-import-findings" }
  result_bus_arn      = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
  failed_events_queue = { arn = "arn:aws:sqs:eu-central-1:111122223333:test-scan-failed-events" }
  tags                = { team = "security" }
}

run "verdicts_go_to_the_function" {
  module {
    source = "./modules/security-hub"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this.event_pattern) == {
      source      = ["image-scan"]
      detail-type = ["Container Image Scan Completed"]
      detail      = { installation = ["test-scan"], verdict = ["CLEAN", "FINDINGS"] }
    } && aws_cloudwatch_event_rule.this.event_bus_name == "default"
    error_message = "Only results of this installation count, and only those with findings or without any."
  }
  assert {
    condition = (
      aws_cloudwatch_event_target.this.arn == var.function.arn &&
      aws_cloudwatch_event_target.this.event_bus_name == "default" &&
      aws_cloudwatch_event_target.this.dead_letter_config[0].arn == var.failed_events_queue.arn &&
      [aws_cloudwatch_event_target.this.retry_policy[0].maximum_event_age_in_seconds, aws_cloudwatch_event_target.this.retry_policy[0].maximum_retry_attempts] == [86400, 185] &&
      aws_lambda_permission.this.source_arn == aws_cloudwatch_event_rule.this.arn &&
      aws_lambda_permission.this.principal == "events.amazonaws.com" &&
      one(aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure).destination == var.failed_events_queue.arn
    )
    error_message = "What does not reach the function, and what the function fails at, must be queued."
  }
  assert {
    condition     = aws_cloudwatch_event_rule.this.tags == tomap({ team = "security" }) && output.rule_arn == aws_cloudwatch_event_rule.this.arn
    error_message = "The rule must have the tags."
  }
}

run "they_come_from_the_bus_of_results" {
  command = plan
  module {
    source = "./modules/security-hub"
  }
  variables {
    result_bus_arn = "arn:aws:events:eu-central-1:111122223333:event-bus/test-scan-hub"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this.event_bus_name == "test-scan-hub" && aws_cloudwatch_event_target.this.event_bus_name == "test-scan-hub"
    error_message = "Rule and target must be on the bus that results are put on."
  }
}
