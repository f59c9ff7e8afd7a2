# The state table: what the installation remembers about itself. Each subject has keys with a prefix of its own,
# and each function may use the prefixes that table_access.tf gives it. The table has no deletion protection:
# what it holds is found again, or counted again.
resource "aws_dynamodb_table" "state" {
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

# Functions read the exceptions when they notify. An environment is too small for many exceptions.
resource "aws_dynamodb_table_item" "exceptions" {
  count = length(var.exceptions) > 0 ? 1 : 0

  table_name = aws_dynamodb_table.state.name
  hash_key   = aws_dynamodb_table.state.hash_key
  item = jsonencode({
    key        = { S = "${local.state_prefixes.exceptions}all" }
    exceptions = { S = jsonencode(var.exceptions) }
  })
}
