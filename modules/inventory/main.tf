# The inventory: which image runs where. It has a row for each digest and workload, and a small row for
# each task. The table has no deletion protection: the daily reconciliation rebuilds it from the running tasks that
# ECS lists.
resource "aws_dynamodb_table" "this" {
  name         = "${var.name_prefix}-inventory"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "digest"
  range_key    = "workload"
  tags         = var.tags

  attribute {
    name = "digest"
    type = "S"
  }

  attribute {
    name = "workload"
    type = "S"
  }

  attribute {
    name = "account_region"
    type = "S"
  }

  # Finds what a workload has run, the newest first. Rows of tasks have no account_region, so the index leaves them
  # out. What a row is written with more often than it is seen is not in it: each write of the index costs.
  global_secondary_index {
    name               = "by-workload"
    hash_key           = "account_region"
    range_key          = "workload"
    projection_type    = "INCLUDE"
    non_key_attributes = ["last_seen"]
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
