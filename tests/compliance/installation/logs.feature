Feature: Logs end, and hold no payload

  Scenario: Log groups expire
    Given I have aws_cloudwatch_log_group defined
    Then it must have retention_in_days
    And its value must be greater than 0

  Scenario: State machines log errors without data
    Given I have aws_sfn_state_machine defined
    Then it must have logging_configuration
    And it must have include_execution_data
    And its value must be false
