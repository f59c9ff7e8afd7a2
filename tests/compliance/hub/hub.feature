Feature: The hub bus takes nothing from foreign accounts

  Scenario: Whoever may put events is named by account or by organization
    Given I have aws_cloudwatch_event_bus_policy defined
    Then it must have policy
    And it must have Statement
    And it must have Condition
    And it must have StringEquals
    And it must have aws:PrincipalOrgID

  Scenario: Nothing but ECS events
    Given I have aws_cloudwatch_event_bus_policy defined
    Then it must have policy
    And it must have Statement
    And it must have Condition
    And it must have ForAllValues:StringEquals
    And it must have events:source
    And its value must match the "^aws[.]ecs$" regex

  Scenario: Every target has a dead-letter queue
    Given I have aws_cloudwatch_event_target defined
    Then it must have dead_letter_config
    And it must have arn

  Scenario: Who may assume a role is named
    Given I have aws_iam_role defined
    Then it must have assume_role_policy
    And it must have Statement
    And it must have Principal
    And its value must not match the "^[*]$" regex

  Scenario: What can have tags has them
    Given I have resource that supports tags defined
    Then it must contain tags
    And its value must not be null
