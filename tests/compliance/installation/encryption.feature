Feature: What is stored is encrypted with the installation's key

  Scenario: The key is rotated
    Given I have aws_kms_key defined
    Then it must have enable_key_rotation
    And its value must be true

  Scenario: The table
    Given I have aws_dynamodb_table defined
    Then it must have server_side_encryption
    And it must have enabled
    And its value must be true

  Scenario: The table can be restored
    Given I have aws_dynamodb_table defined
    Then it must have point_in_time_recovery
    And it must have enabled
    And its value must be true

  Scenario Outline: Queues, topics, log groups, secret and trail
    Given I have <resource> defined
    Then it must have <key>
    And its value must not be null

    Examples:
      | resource                  | key               |
      | aws_sqs_queue             | kms_master_key_id |
      | aws_sns_topic             | kms_master_key_id |
      | aws_cloudwatch_log_group  | kms_key_id        |
      | aws_secretsmanager_secret | kms_key_id        |
      | aws_cloudtrail            | kms_key_id        |

  Scenario: The trail's bucket
    Given I have aws_s3_bucket defined
    Then it must have aws_s3_bucket_server_side_encryption_configuration

  Scenario: The trail's files can be verified
    Given I have aws_cloudtrail defined
    Then it must have enable_log_file_validation
    And its value must be true

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
