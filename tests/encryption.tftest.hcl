# Real provider, no account: nothing here leaves the machine.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "gov"
  region                      = "us-gov-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

variables {
  name_prefix = "test-scan"
}

run "creates_a_rotating_key" {
  command = plan
  module {
    source = "./modules/encryption"
  }
  variables {
    tags = { team = "security" }
  }

  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && aws_kms_key.this[0].tags == tomap({ team = "security" })
    error_message = "The key must rotate and carry the tags."
  }
  assert {
    condition     = aws_kms_alias.this[0].name == "alias/test-scan"
    error_message = "The alias must be named after the installation."
  }
}

run "lets_each_service_in_under_a_condition" {
  command = plan
  module {
    source = "./modules/encryption"
  }

  assert {
    condition = {
      for statement in jsondecode(aws_kms_key.this[0].policy).Statement : statement.Sid => statement.Principal
      } == {
      AdministerByAccount   = { AWS = "arn:aws:iam::111122223333:root" }
      PublishAlarmsToTopics = { Service = "cloudwatch.amazonaws.com" }
      DeliverEvents         = { Service = "events.amazonaws.com" }
      WriteLogGroups        = { Service = "logs.eu-central-1.amazonaws.com" }
      DescribeForTrail      = { Service = "cloudtrail.amazonaws.com" }
      EncryptTrailFiles     = { Service = "cloudtrail.amazonaws.com" }
    }
    error_message = "The key's policy must let in exactly these, one statement each."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.this[0].policy).Statement :
      try(strcontains(jsonencode(statement.Condition), "111122223333"), statement.Sid == "DeliverEvents") && statement.Action != "kms:*"
      if statement.Sid != "AdministerByAccount"
    ])
    error_message = "Every service must be bound to single actions, and to this account where it names one to a key."
  }
}

run "lets_publishers_in_for_the_accounts_of_their_sources" {
  command = plan
  module {
    source = "./modules/encryption"
  }
  variables {
    publishers = [
      { service = "events.amazonaws.com", source_arns = ["arn:aws:events:eu-central-1:111122223333:rule/mine"] },
      { service = "budgets.amazonaws.com", source_arns = ["arn:aws:budgets::111122223333:*", "arn:aws:budgets::444455556666:*"] },
    ]
  }

  assert {
    condition = [
      for statement in jsondecode(aws_kms_key.this[0].policy).Statement :
      [statement.Principal.Service, statement.Action, toset(statement.Condition.StringEquals["aws:SourceAccount"])]
      if startswith(statement.Sid, "PublishToTopics")
    ] == [["budgets.amazonaws.com", ["kms:GenerateDataKey*", "kms:Decrypt"], toset(["111122223333", "444455556666"])]]
    error_message = "The key must let the service in for these accounts. EventBridge, which names none to a key, has its statement already."
  }
}

run "passes_a_given_key_through" {
  command = plan
  module {
    source = "./modules/encryption"
  }
  variables {
    kms_key = { arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/abc" }
  }

  assert {
    condition     = length(aws_kms_key.this) + length(aws_kms_alias.this) == 0
    error_message = "With a key given, none must be created."
  }
  assert {
    condition     = output.kms_key_arn == "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/abc"
    error_message = "The given key must be passed through."
  }
}

run "refuses_an_alias" {
  command = plan
  module {
    source = "./modules/encryption"
  }
  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:alias/mine" }
  }
  expect_failures = [var.kms_key]
}

run "names_its_own_partition" {
  command = plan
  module {
    source = "./modules/encryption"
  }
  providers = {
    aws = aws.gov
  }

  assert {
    condition = (
      !strcontains(aws_kms_key.this[0].policy, "arn:aws:") &&
      strcontains(aws_kms_key.this[0].policy, "arn:aws-us-gov:iam::111122223333:root") &&
      strcontains(aws_kms_key.this[0].policy, "logs.us-gov-west-1.amazonaws.com")
    )
    error_message = "In GovCloud every ARN must be one of GovCloud."
  }
}
