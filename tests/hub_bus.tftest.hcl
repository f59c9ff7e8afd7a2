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
  target = aws_cloudwatch_event_bus.this
  values = { arn = "arn:aws:events:eu-central-1:111122223333:event-bus/test-scan-hub" }
}

override_resource {
  target = aws_cloudwatch_event_bus_policy.this
}

variables {
  name_prefix = "test-scan"
  tags        = { team = "security" }
}

run "an_organization_may_forward" {
  module {
    source = "./modules/hub-bus"
  }
  variables {
    spokes = { organization = { id = "o-abcdefghij" }, regional = true }
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement) == jsonencode([{
      Sid       = "ForwardFromOrganization"
      Effect    = "Allow"
      Action    = "events:PutEvents"
      Resource  = aws_cloudwatch_event_bus.this.arn
      Principal = { AWS = "*" }
      Condition = {
        "ForAllValues:StringEquals" = { "events:source" = "aws.ecs" }
        StringEquals                = { "aws:PrincipalOrgID" = "o-abcdefghij" }
      }
    }])
    error_message = "Only ECS events, and only of this organization, may reach the bus."
  }
  assert {
    condition     = aws_cloudwatch_event_bus.this.tags == tomap({ team = "security" })
    error_message = "The tags must reach the bus."
  }
  assert {
    condition     = output.bus == { name = "test-scan-hub", arn = aws_cloudwatch_event_bus.this.arn, organization_id = "o-abcdefghij" }
    error_message = "The output must say who may forward where."
  }
}

run "listed_accounts_may_forward" {
  module {
    source = "./modules/hub-bus"
  }
  variables {
    spokes = { accounts = { ids = ["444455556666"] }, regional = true }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement :
      [statement.Sid, toset(statement.Principal.AWS), statement.Condition["ForAllValues:StringEquals"]["events:source"]]
      ] == [[
        "ForwardFromAccounts",
        toset(["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"]),
        "aws.ecs",
    ]]
    error_message = "Only the accounts listed, and other regions of ours, may forward."
  }
}

run "refuses_a_bus_for_nobody" {
  command = plan
  module {
    source = "./modules/hub-bus"
  }
  variables {
    spokes = {}
  }
  expect_failures = [var.spokes]
}
