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
    source = "./modules/state"
  }
  variables {
    name_prefix = "test-scan"
    kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/abc"
    tags        = { team = "security" }
  }

  assert {
    condition = (
      aws_dynamodb_table.this.name == "test-scan-state" && aws_dynamodb_table.this.hash_key == "key" && aws_dynamodb_table.this.range_key == null &&
      aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.this.ttl[0].enabled &&
      aws_dynamodb_table.this.ttl[0].attribute_name == "ttl" && aws_dynamodb_table.this.point_in_time_recovery[0].enabled &&
      aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == var.kms_key_arn && aws_dynamodb_table.this.tags == tomap(var.tags)
    )
    error_message = "The state table must be on demand, expire, be encrypted with the given key and be recoverable."
  }
}
