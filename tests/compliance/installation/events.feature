Feature: No event is lost

  Scenario: Every target has a dead-letter queue
    Given I have aws_cloudwatch_event_target defined
    Then it must have dead_letter_config
    And it must have arn

  Scenario: What a function fails at is queued
    Given I have aws_lambda_function_event_invoke_config defined
    Then it must have destination_config
    And it must have on_failure

  Scenario: Queues keep their messages for 14 days
    Given I have aws_sqs_queue defined
    Then it must have message_retention_seconds
    And its value must be 1209600

  Scenario: Every alarm notifies somebody
    Given I have aws_cloudwatch_metric_alarm defined
    Then it must have alarm_actions
    And its value must not be null
