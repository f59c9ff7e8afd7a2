# Real provider, no account: nothing here leaves the machine.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name             = "test-scan-undelivered-events"
  content          = "events that did not arrive"
  sid              = "KeepEvents"
  rule_arns        = ["arn:aws:events:eu-central-1:111122223333:rule/one", "arn:aws:events:eu-central-1:111122223333:rule/two"]
  alarm_topic_arns = ["arn:aws:sns:eu-central-1:111122223333:people", "arn:aws:sns:eu-central-1:111122223333:chat"]
  tags             = { team = "security" }
}

run "queue" {
  command = plan
  module {
    source = "./modules/private/queue"
  }
  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/abc" }
  }

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/abc" && aws_sqs_queue.this.message_retention_seconds == 14 * 24 * 3600
    error_message = "The queue must be encrypted and keep its messages for 14 days."
  }
  assert {
    condition = jsondecode(aws_sqs_queue.this.policy).Statement == [{
      Sid       = "KeepEvents"
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Resource  = "*"
      Principal = { Service = "events.amazonaws.com" }
      Condition = { ArnLike = { "aws:SourceArn" = [for arn in var.rule_arns : arn] } }
    }]
    error_message = "Only these rules may send to the queue."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this.metric_name == "ApproximateNumberOfMessagesVisible" &&
      aws_cloudwatch_metric_alarm.this.dimensions == tomap({ QueueName = "test-scan-undelivered-events" }) &&
      aws_cloudwatch_metric_alarm.this.threshold == 0 && aws_cloudwatch_metric_alarm.this.alarm_actions == toset(var.alarm_topic_arns)
    )
    error_message = "One event in the queue must raise an alarm at every topic."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.queued.metric_name == "NumberOfMessagesSent" &&
      aws_cloudwatch_metric_alarm.queued.statistic == "Sum" &&
      aws_cloudwatch_metric_alarm.queued.dimensions == tomap({ QueueName = "test-scan-undelivered-events" }) &&
      aws_cloudwatch_metric_alarm.queued.threshold == 0 && aws_cloudwatch_metric_alarm.queued.alarm_actions == toset(var.alarm_topic_arns)
    )
    error_message = "An alarm must go off for each event that is queued, even while another one waits."
  }
  assert {
    condition = (
      aws_sqs_queue.this.name == aws_cloudwatch_metric_alarm.this.alarm_name &&
      aws_cloudwatch_metric_alarm.queued.alarm_name == "test-scan-undelivered-events-queued" &&
      alltrue([for each in [aws_sqs_queue.this, aws_cloudwatch_metric_alarm.this, aws_cloudwatch_metric_alarm.queued] : each.tags == tomap({ team = "security" })])
    )
    error_message = "Queue and alarms must have the name and the tags."
  }
}

run "without_a_key_and_a_topic" {
  command = plan
  module {
    source = "./modules/private/queue"
  }
  variables {
    alarm_topic_arns  = []
    queued_alarm_name = "test-scan-queued-events"
  }

  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled
    error_message = "The queue must be encrypted without a key of ours, too."
  }
  assert {
    condition     = alltrue([for each in [aws_cloudwatch_metric_alarm.this, aws_cloudwatch_metric_alarm.queued] : try(length(each.alarm_actions), 0) == 0])
    error_message = "Without a topic the alarms are only shown."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.queued.alarm_name == "test-scan-queued-events"
    error_message = "An alarm that had another name keeps it."
  }
}
