Feature: Nobody is let in by a wildcard

  Scenario: Who may assume a role is named
    Given I have aws_iam_role defined
    Then it must have assume_role_policy
    And it must have Statement
    And it must have Principal
    And its value must not match the "^[*]$" regex

  Scenario Outline: Whom a resource's own policy lets in is named
    Given I have <resource> defined
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Principal
    And its value must not match the "^[*]$" regex

    Examples:
      | resource             |
      | aws_kms_key          |
      | aws_s3_bucket_policy |
      | aws_sns_topic_policy |
      | aws_sqs_queue        |

  # EventBridge names neither rule nor account to a key: its statement there has no condition.
  Scenario Outline: A service is let in under a condition
    Given I have <resource> defined
    Then it must have policy
    And it must have Statement
    When its Sid is <statement>
    Then it must have Condition

    Examples:
      | resource             | statement             |
      | aws_kms_key          | PublishAlarmsToTopics |
      | aws_kms_key          | WriteLogGroups        |
      | aws_kms_key          | DescribeForTrail      |
      | aws_kms_key          | EncryptTrailFiles     |
      | aws_s3_bucket_policy | CheckBucket           |
      | aws_s3_bucket_policy | WriteLogFiles         |
      | aws_sns_topic_policy | PublishAlarms         |
      | aws_sqs_queue        | KeepFailedEvents      |
      | aws_sqs_queue        | KeepUndeliveredEvents |

  Scenario: The trail's bucket refuses plain HTTP
    Given I have aws_s3_bucket_policy defined
    Then it must have policy
    And it must have Statement
    And it must have Effect
    And any of its values must match the "^Deny$" regex

  Scenario: And it refuses nothing else
    Given I have aws_s3_bucket_policy defined
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    Then it must have Condition
    And it must have aws:SecureTransport
    And its value must be false

  Scenario: The credential is in no plan
    Given I have aws_secretsmanager_secret_version defined
    Then it must have secret_string_wo
    And its value must be null
