# What is known about every image: a lease while it is scanned, then the verdict until `ttl`.
# No deletion protection: everything here can be found out again by scanning, and a table that
# stays behind blocks the next installation under the same name.
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
