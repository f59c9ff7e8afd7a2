# Real provider, no account: nothing here leaves the machine.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

# Applied, because policies that name a resource of the module are only read then; every resource
# is overridden, so that nothing is created.
override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}
override_resource {
  target = aws_sns_topic.this["people"]
  values = { arn = "arn:aws:sns:eu-central-1:111122223333:test-scan-notifications-people" }
}
override_resource {
  target = aws_sns_topic.this["phones"]
  values = { arn = "arn:aws:sns:eu-central-1:111122223333:test-scan-notifications-phones" }
}
override_resource {
  target = aws_sns_topic.this["chat"]
  values = { arn = "arn:aws:sns:eu-central-1:111122223333:test-scan-notifications-chat" }
}
override_resource {
  target = aws_sns_topic.this["machines"]
  values = { arn = "arn:aws:sns:eu-central-1:111122223333:test-scan-notifications-machines" }
}
override_resource {
  target = aws_sns_topic_policy.this
}
override_resource {
  target = aws_sns_topic_subscription.email
}
override_resource {
  target = aws_dynamodb_table_item.exceptions
}

variables {
  name_prefix = "test-scan"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/abc"
  state_table = { name = "test-scan-state" }
  tags        = { team = "security" }
}

run "each_kind_of_reader_has_a_topic" {
  module {
    source = "./modules/notifications"
  }
  variables {
    email_addresses = ["a@example.com", "b@example.com"]
  }

  assert {
    condition = alltrue([
      for topic in aws_sns_topic.this :
      topic.kms_master_key_id == var.kms_key_arn && topic.tags == tomap(var.tags) && startswith(topic.name, "test-scan-")
    ])
    error_message = "Topics must be encrypted, have the tags, and be named after the installation."
  }
  assert {
    condition = alltrue([
      for policy in aws_sns_topic_policy.this : alltrue([
        for statement in jsondecode(policy.policy).Statement : can(statement.Principal.Service) && length(statement.Condition) > 0
      ])
    ])
    error_message = "Only services may publish, each under a condition."
  }
  assert {
    condition = toset([
      for subscription in aws_sns_topic_subscription.email : "${subscription.topic_arn} ${subscription.protocol} ${subscription.endpoint}"
    ]) == toset([for address in var.email_addresses : "${output.topic_arns.people} email ${address}"])
    error_message = "Each address must be subscribed to the topic of people."
  }
  assert {
    condition     = output.topic_arns == { for reader in ["people", "phones", "chat", "machines"] : reader => "arn:aws:sns:eu-central-1:111122223333:test-scan-notifications-${reader}" }
    error_message = "Each kind of reader must have a topic."
  }
  assert {
    condition     = length(aws_dynamodb_table_item.exceptions) == 0
    error_message = "Without exceptions there must be no item."
  }
}

run "others_may_use_a_topic_where_that_is_given" {
  module {
    source = "./modules/notifications"
  }
  variables {
    topic_access = {
      machines = {
        subscriber_account_ids = ["444455556666"]
        publishers = [
          { service = "events.amazonaws.com", source_arns = ["arn:aws:events:eu-central-1:111122223333:rule/mine"] },
        ]
      }
      chat = {}
    }
  }

  assert {
    condition = {
      for reader, policy in aws_sns_topic_policy.this : reader => [
        for statement in jsondecode(policy.policy).Statement : statement if statement.Sid != "PublishAlarms"
      ]
      } == {
      people = []
      phones = []
      chat   = []
      machines = [
        {
          Sid       = "PublishForSources0"
          Effect    = "Allow"
          Principal = { Service = "events.amazonaws.com" }
          Action    = "sns:Publish"
          Resource  = "arn:aws:sns:eu-central-1:111122223333:test-scan-notifications-machines"
          Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:events:eu-central-1:111122223333:rule/mine" } }
        },
        {
          Sid       = "SubscribeFromAccounts"
          Effect    = "Allow"
          Principal = { AWS = "arn:aws:iam::444455556666:root" }
          Action    = "sns:Subscribe"
          Resource  = "arn:aws:sns:eu-central-1:111122223333:test-scan-notifications-machines"
        },
      ]
    }
    error_message = "The account may subscribe and the rule may publish, to this topic alone."
  }
}

run "keeps_exceptions_where_functions_read_them" {
  command = plan
  module {
    source = "./modules/notifications"
  }
  variables {
    exceptions = [{ qid = 1, repository = "shop/*", until = "2999-12-31", reason = "no fix before May", owner = "shop" }]
  }

  assert {
    condition     = jsondecode(jsondecode(aws_dynamodb_table_item.exceptions[0].item).exceptions.S)[0].repository == "shop/*" && jsondecode(aws_dynamodb_table_item.exceptions[0].item).key.S == "exceptions#all"
    error_message = "The item must hold what was given."
  }
}
