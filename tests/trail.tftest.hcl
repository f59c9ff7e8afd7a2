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
  target = aws_s3_bucket.this
  values = { arn = "arn:aws:s3:::the-bucket", id = "the-bucket" }
}

override_resource {
  target = aws_cloudtrail.this
  values = { arn = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/test-scan-ecs" }
}
override_resource {
  target = aws_s3_bucket_public_access_block.this
}
override_resource {
  target = aws_s3_bucket_server_side_encryption_configuration.this
}
override_resource {
  target = aws_s3_bucket_versioning.this
}
override_resource {
  target = aws_s3_bucket_lifecycle_configuration.this
}
override_resource {
  target = aws_s3_bucket_policy.this
}

variables {
  name_prefix = "test-scan"
  kms_key     = { arn = "arn:aws:kms:eu-central-1:111122223333:key/abc" }
  tags        = { team = "security" }
}

run "logs_what_events_need" {
  module {
    source = "./modules/trail"
  }
  variables {
    retention_days = 30
  }

  assert {
    condition = (
      aws_cloudtrail.this.event_selector[0].read_write_type == "WriteOnly" &&
      aws_cloudtrail.this.event_selector[0].include_management_events &&
      !aws_cloudtrail.this.is_multi_region_trail &&
      coalesce(aws_cloudtrail.this.enable_logging, true)
    )
    error_message = "The trail must log write management events of this region."
  }
  assert {
    condition     = aws_cloudtrail.this.enable_log_file_validation && aws_cloudtrail.this.kms_key_id == var.kms_key.arn
    error_message = "The trail's files must be encrypted and verifiable."
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket must be closed to the public."
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule[*].apply_server_side_encryption_by_default[0].kms_master_key_id) == var.kms_key.arn
    error_message = "The bucket must encrypt with the key."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 30
    error_message = "The files must expire after the given days."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Sid => [statement.Effect, jsonencode(statement.Principal), jsonencode(statement.Condition)]
      } == {
      RefusePlainHttp = ["Deny", jsonencode("*"), jsonencode({ Bool = { "aws:SecureTransport" = "false" } })]
      CheckBucket = ["Allow", jsonencode({ Service = "cloudtrail.amazonaws.com" }), jsonencode({
        StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/test-scan-ecs" }
      })]
      WriteLogFiles = ["Allow", jsonencode({ Service = "cloudtrail.amazonaws.com" }), jsonencode({
        StringEquals = {
          "aws:SourceArn" = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/test-scan-ecs"
          "s3:x-amz-acl"  = "bucket-owner-full-control"
        }
      })]
    }
    error_message = "Only this trail may write to the bucket, and nobody without TLS."
  }
  assert {
    condition     = aws_cloudtrail.this.name == "test-scan-ecs"
    error_message = "The ARN in the bucket's policy must be that of the trail."
  }
}

run "names_and_tags" {
  module {
    source = "./modules/trail"
  }

  assert {
    condition     = startswith(aws_s3_bucket.this.bucket, "test-scan-") && length(aws_s3_bucket.this.bucket) - length(var.name_prefix) <= 63 - 28
    error_message = "The bucket's name must stay within 63 characters for the longest prefix."
  }
  assert {
    condition     = aws_cloudtrail.this.tags == tomap({ team = "security" }) && aws_s3_bucket.this.tags == tomap({ team = "security" })
    error_message = "The tags must reach the trail and its bucket."
  }
  assert {
    condition     = output.arn == aws_cloudtrail.this.arn && output.bucket == "the-bucket"
    error_message = "The outputs must name both."
  }
}

run "without_a_key_s3_encrypts" {
  module {
    source = "./modules/trail"
  }
  variables {
    kms_key = null
  }

  assert {
    condition = (
      aws_cloudtrail.this.kms_key_id == null &&
      one(aws_s3_bucket_server_side_encryption_configuration.this.rule[*].apply_server_side_encryption_by_default[0].sse_algorithm) == "AES256" &&
      aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 90
    )
    error_message = "A region without a key of its own must have encrypted files, too."
  }
}

run "refuses_wrong_values" {
  command = plan
  module {
    source = "./modules/trail"
  }
  variables {
    name_prefix    = "sthree-scan"
    retention_days = 0.5
  }
  expect_failures = [var.name_prefix, var.retention_days]
}

run "refuses_too_many_days" {
  command = plan
  module {
    source = "./modules/trail"
  }
  variables {
    retention_days = 3654
  }
  expect_failures = [var.retention_days]
}
