# Every example is planned as it lies, and must name no value that only a tester would give.
mock_provider "aws" {
  alias = "mock"

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
}

mock_provider "aws" {
  alias = "elsewhere"

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "us-east-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
}

run "single_account" {
  command = plan
  module {
    source = "./examples/single-account"
  }
  providers = {
    aws = aws.mock
  }
  variables {
    region             = "eu-central-1"
    qualys_pod         = "EU1"
    qualys_credentials = { token = "t" }
    registry_role      = { qualys_account_id = "444455556666", external_id = "EU1-1234" }
  }

  assert {
    condition     = length(output.image_scan.function_names) == 9 && output.image_scan.qualys_gateway_url == "https://gateway.qg1.apps.qualys.eu"
    error_message = "The example must make a whole installation."
  }
}

run "multi_region" {
  command = plan
  module {
    source = "./examples/multi-region"
  }
  providers = {
    aws       = aws.mock
    aws.spoke = aws.elsewhere
  }
  variables {
    region             = "eu-central-1"
    spoke_region       = "us-east-1"
    qualys_pod         = "EU1"
    qualys_credentials = { token = "t" }
    registry_role      = { qualys_account_id = "444455556666", external_id = "EU1-1234" }
  }

  assert {
    condition     = output.image_scan.hub.region == "eu-central-1" && output.spoke.unforwarded_events_queue.name == "qualys-image-scan-unforwarded-events"
    error_message = "The example must make a hub and a spoke."
  }
}

run "organization_hub" {
  command = plan
  module {
    source = "./examples/organization/hub"
  }
  providers = {
    aws = aws.mock
  }
  variables {
    region             = "eu-central-1"
    organization_id    = "o-abcdefghij"
    qualys_pod         = "EU1"
    qualys_credentials = { token = "t" }
    registry_role      = { qualys_account_id = "444455556666", external_id = "EU1-1234" }
  }

  assert {
    condition     = output.hub.organization_id == "o-abcdefghij" && output.hub.describe_role_name == "qualys-image-scan-describe"
    error_message = "The example must make a hub, and show it."
  }
}

run "organization_management" {
  command = plan
  module {
    source = "./examples/organization/management"
  }
  providers = {
    aws = aws.elsewhere
  }
  variables {
    hub = {
      account_id              = "777788889999"
      region                  = "eu-central-1"
      event_bus_arn           = "arn:aws:events:eu-central-1:777788889999:event-bus/qualys-image-scan-hub"
      event_pattern           = run.organization_hub.hub.event_pattern
      organization_id         = "o-abcdefghij"
      describe_principal_arns = ["arn:aws:iam::777788889999:role/qualys-image-scan-parse-event-eu-central-1"]
      describe_role_name      = "qualys-image-scan-describe"
      describe_external_id    = "qualys-image-scan-777788889999"
      iam_path                = "/"
      registry_role_name      = "qualys-image-scan-registry-eu-central-1"
    }
    region                  = "us-east-1"
    regions                 = ["us-east-1", "eu-central-1"]
    organizational_unit_ids = ["ou-ab12-cdef3456"]
    registry_role           = { qualys_account_id = "444455556666", external_id = "EU1-1234" }
  }

  assert {
    condition     = output.members.stack_sets.rules == "qualys-image-scan-spoke-rules" && output.management.unforwarded_events_queue.name == "qualys-image-scan-unforwarded-events"
    error_message = "The example must reach the members by StackSets, and its own account without."
  }
}

run "complete" {
  command = plan
  module {
    source = "./examples/complete"
  }
  providers = {
    aws = aws.mock
  }
  variables {
    qualys_credentials = { token = "t" }
    registry_role      = { qualys_account_id = "444455556666", external_id = "EU1-1234" }
  }

  assert {
    condition     = length(output.image_scan.function_names) == 11 && output.image_scan.qualys_gateway_url == "https://gateway.qg1.apps.qualys.eu"
    error_message = "The example must make a whole installation, with the gate and Security Hub."
  }
}
