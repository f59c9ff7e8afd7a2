# The state table: what the installation remembers about itself. Each subject has keys with a prefix of its own,
# and each function may use the prefixes that modules/workflow gives it. The table has no deletion protection:
# what it holds is found again, or counted again.
resource "aws_dynamodb_table" "this" {
  name         = "${var.name_prefix}-state"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "key"
  tags         = var.tags

  attribute {
    name = "key"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }

  point_in_time_recovery {
    enabled = true
  }
}
