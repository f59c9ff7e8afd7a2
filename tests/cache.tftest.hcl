# Real provider, no account: nothing here leaves the machine.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

run "table" {
  command = plan
  module {
    source = "./modules/cache"
  }
  variables {
    name_prefix = "test-scan"
    kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/abc"
    tags        = { team = "security" }
  }

  assert {
    condition     = aws_dynamodb_table.this.name == "test-scan-cache" && aws_dynamodb_table.this.tags == tomap({ team = "security" })
    error_message = "The table must be named after the installation and carry the tags."
  }
  assert {
    condition     = aws_dynamodb_table.this.hash_key == "imageDigest" && aws_dynamodb_table.this.range_key == null
    error_message = "The key must be the digest alone: one image, one item."
  }
  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table must be on demand."
  }
  assert {
    condition     = aws_dynamodb_table.this.ttl[0].enabled && aws_dynamodb_table.this.ttl[0].attribute_name == "ttl"
    error_message = "Items must expire by the attribute ttl."
  }
  assert {
    condition = (
      aws_dynamodb_table.this.server_side_encryption[0].enabled &&
      aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/abc"
    )
    error_message = "The table must be encrypted with the given key."
  }
  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "The table must be recoverable to a point in time."
  }
}
