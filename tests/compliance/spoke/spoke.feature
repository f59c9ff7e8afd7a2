Feature: A spoke forwards, and keeps what it cannot

  Scenario: Every target has a dead-letter queue
    Given I have aws_cloudwatch_event_target defined
    Then it must have dead_letter_config
    And it must have arn

  Scenario: The queue is encrypted
    Given I have aws_sqs_queue defined
    Then it must have sqs_managed_sse_enabled
    And its value must be true

  Scenario: The queue keeps its messages for 14 days
    Given I have aws_sqs_queue defined
    Then it must have message_retention_seconds
    And its value must be 1209600

  Scenario Outline: Nobody is let in without a condition
    Given I have <resource> defined
    Then it must have <policy>
    And it must have Statement
    And it must have Condition

    Examples:
      | resource             | policy             |
      | aws_sqs_queue        | policy             |
      | aws_s3_bucket_policy | policy             |

  # AWS documents no condition for the role with which ECS invokes the gate.
  Scenario: Nobody assumes another role without a condition
    Given I have aws_iam_role defined
    When its name is not qualys-image-scan-deployment-gate-hook-us-east-1
    Then it must have assume_role_policy
    And it must have Statement
    And it must have Condition

  Scenario: Who may assume a role is named
    Given I have aws_iam_role defined
    Then it must have assume_role_policy
    And it must have Statement
    And it must have Principal
    And its value must not match the "^[*]$" regex

  Scenario: The describe role asks for the external id
    Given I have aws_iam_role defined
    When its name is qualys-image-scan-describe
    Then it must have assume_role_policy
    And it must have Statement
    And it must have Condition
    And it must have StringEquals
    And it must have sts:ExternalId

  Scenario: The trail's bucket is encrypted
    Given I have aws_s3_bucket defined
    Then it must have aws_s3_bucket_server_side_encryption_configuration

  Scenario Outline: The trail's bucket is closed
    Given I have aws_s3_bucket_public_access_block defined
    Then it must have <switch>
    And its value must be true

    Examples:
      | switch                  |
      | block_public_acls       |
      | block_public_policy     |
      | ignore_public_acls      |
      | restrict_public_buckets |

  Scenario: What can have tags has them
    Given I have resource that supports tags defined
    Then it must contain tags
    And its value must not be null
