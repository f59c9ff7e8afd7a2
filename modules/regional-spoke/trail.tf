# EventBridge sees only API calls that a trail logs. This trail logs write management events and nothing else.
resource "aws_cloudtrail" "this" {
  # checkov:skip=CKV_AWS_67: one region is watched; a trail of all regions would cost more
  # checkov:skip=CKV_AWS_252: nothing reads the files; EventBridge gets the events
  # checkov:skip=CKV2_AWS_10: nothing reads the files; EventBridge gets the events
  # checkov:skip=CKV_AWS_35: a spoke has no KMS key; SSE-S3 encrypts
  count = var.create_trail ? 1 : 0

  name                          = local.trail_name
  s3_bucket_name                = aws_s3_bucket.trail[0].id
  enable_log_file_validation    = true
  is_multi_region_trail         = false
  include_global_service_events = false
  tags                          = var.tags

  event_selector {
    read_write_type           = "WriteOnly"
    include_management_events = true
  }

  # CloudTrail writes to the bucket when the trail is created.
  depends_on = [aws_s3_bucket_policy.trail]
}

locals {
  trail_name = "${var.name_prefix}-ecs"
  # Assembled from its parts: the bucket's policy names the trail, and must exist before the trail.
  trail_arn = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${local.trail_name}"
}

# The trail exists for its events; its files are a by-product and no audit record. So destroy may delete
# them (`force_destroy`): a bucket with files would block it.
resource "aws_s3_bucket" "trail" {
  # checkov:skip=CKV_AWS_18: a by-product that expires; nothing reads it
  # checkov:skip=CKV_AWS_144: a by-product that expires; nothing reads it
  # checkov:skip=CKV2_AWS_62: a by-product that expires; nothing reads it
  # checkov:skip=CKV_AWS_145: a spoke has no KMS key; SSE-S3 encrypts
  count = var.create_trail ? 1 : 0

  bucket        = "${var.name_prefix}-trail-${local.account}-${local.region}"
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "trail" {
  count = var.create_trail ? 1 : 0

  bucket                  = aws_s3_bucket.trail[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "trail" {
  count = var.create_trail ? 1 : 0

  bucket = aws_s3_bucket.trail[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# Versions protect a file from being overwritten or deleted before it expires.
resource "aws_s3_bucket_versioning" "trail" {
  count = var.create_trail ? 1 : 0

  bucket = aws_s3_bucket.trail[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "trail" {
  count = var.create_trail ? 1 : 0

  bucket = aws_s3_bucket.trail[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.trail_retention_days
    }
    noncurrent_version_expiration {
      noncurrent_days = 1
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # S3 refuses a rule about versions until the bucket has versioning.
  depends_on = [aws_s3_bucket_versioning.trail]
}

resource "aws_s3_bucket_policy" "trail" {
  count = var.create_trail ? 1 : 0

  bucket = aws_s3_bucket.trail[0].id
  policy = data.aws_iam_policy_document.trail[0].json

  # S3 refuses two changes of one bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.trail]
}

data "aws_iam_policy_document" "trail" {
  count = var.create_trail ? 1 : 0

  statement {
    sid     = "RefusePlainHttp"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      aws_s3_bucket.trail[0].arn,
      "${aws_s3_bucket.trail[0].arn}/*",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "CheckBucket"
    actions   = ["s3:GetBucketAcl"]
    resources = [aws_s3_bucket.trail[0].arn]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }

  statement {
    sid       = "WriteLogFiles"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.trail[0].arn}/AWSLogs/${local.account}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
}
