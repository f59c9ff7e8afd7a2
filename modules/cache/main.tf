# The cache: for each image a lease during its scan, then the verdict until `ttl`.
# The table has no deletion protection: new scans find the same verdicts again, and a table that
# remains would block the next installation with the same name.
resource "aws_dynamodb_table" "this" {
  name         = "${var.name_prefix}-cache"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "imageDigest"
  tags         = var.tags

  attribute {
    name = "imageDigest"
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
