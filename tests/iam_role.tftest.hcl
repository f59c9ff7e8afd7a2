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

variables {
  name_prefix = "test-scan"
}

run "creates_a_role_that_qualys_can_assume" {
  command = plan
  module {
    source = "./modules/iam-role"
  }
  variables {
    registry_role            = { qualys_account_id = "444455556666", external_id = "US2-1234" }
    iam_path                 = "/security/"
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
    tags                     = { team = "security" }
  }

  assert {
    condition = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement == [{
      Sid       = "AssumeByQualys"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::444455556666:root" }
      Condition = { StringEquals = { "sts:ExternalId" = "US2-1234" } }
    }]
    error_message = "Only Qualys, and only with the external id, may assume the role."
  }
  assert {
    condition     = aws_iam_role_policy_attachment.read_registry[0].policy_arn == "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
    error_message = "The role must be able to read ECR and nothing else."
  }
  assert {
    condition = (
      aws_iam_role.this[0].name == "test-scan-registry-eu-central-1" &&
      aws_iam_role.this[0].path == "/security/" &&
      aws_iam_role.this[0].permissions_boundary == "arn:aws:iam::111122223333:policy/boundary" &&
      aws_iam_role.this[0].tags == tomap({ team = "security" })
    )
    error_message = "Name, path, boundary and tags must reach the role."
  }
}

run "passes_an_existing_role_through" {
  command = plan
  module {
    source = "./modules/iam-role"
  }
  variables {
    registry_role = { existing_arn = "arn:aws:iam::111122223333:role/theirs" }
  }

  assert {
    condition     = length(aws_iam_role.this) + length(aws_iam_role_policy_attachment.read_registry) == 0
    error_message = "With a role given, none must be created."
  }
  assert {
    condition     = output.role_arn == "arn:aws:iam::111122223333:role/theirs"
    error_message = "The given role must be passed through."
  }
}

run "refuses_both_ways" {
  command = plan
  module {
    source = "./modules/iam-role"
  }
  variables {
    registry_role = {
      existing_arn      = "arn:aws:iam::111122223333:role/theirs"
      qualys_account_id = "444455556666"
      external_id       = "US2-1234"
    }
  }
  expect_failures = [var.registry_role]
}

run "refuses_neither_way" {
  command = plan
  module {
    source = "./modules/iam-role"
  }
  variables {
    registry_role = {}
  }
  expect_failures = [var.registry_role]
}

run "refuses_an_account_without_external_id" {
  command = plan
  module {
    source = "./modules/iam-role"
  }
  variables {
    registry_role = { qualys_account_id = "444455556666" }
  }
  expect_failures = [var.registry_role]
}

run "names_its_own_partition" {
  command = plan
  module {
    source = "./modules/iam-role"
  }
  providers = {
    aws = aws.gov
  }
  variables {
    registry_role = { qualys_account_id = "444455556666", external_id = "GOV1-1234" }
  }

  assert {
    condition = (
      one(jsondecode(aws_iam_role.this[0].assume_role_policy).Statement).Principal.AWS == "arn:aws-us-gov:iam::444455556666:root" &&
      startswith(aws_iam_role_policy_attachment.read_registry[0].policy_arn, "arn:aws-us-gov:iam::aws:policy/")
    )
    error_message = "In GovCloud every ARN must be one of GovCloud."
  }
}
