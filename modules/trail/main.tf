data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# EventBridge sees only API calls that a trail logs. This trail logs write management events and nothing else.
resource "aws_cloudtrail" "this" {
  # checkov:skip=CKV_AWS_67: one region is watched; a trail of all regions would cost more
  # checkov:skip=CKV_AWS_252: nothing reads the files; EventBridge gets the events
  # checkov:skip=CKV2_AWS_10: nothing reads the files; EventBridge gets the events
  # checkov:skip=CKV_AWS_35: a region that only forwards has no key; S3 encrypts with a key of its own
  name                          = local.trail_name
  s3_bucket_name                = aws_s3_bucket.this.id
  kms_key_id                    = one(var.kms_key[*].arn)
  enable_log_file_validation    = true
  is_multi_region_trail         = false
  include_global_service_events = false
  tags                          = var.tags

  event_selector {
    read_write_type           = "WriteOnly"
    include_management_events = true
  }

  # CloudTrail writes to the bucket when the trail is created.
  depends_on = [aws_s3_bucket_policy.this]
}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id

  trail_name = "${var.name_prefix}-ecs"
  # Assembled from its parts: the bucket's policy names the trail, and must exist before the trail.
  trail_arn = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${local.trail_name}"
}

# The trail exists for its events; its files are a by-product and no audit record. So destroy may delete
# them (`force_destroy`): a bucket with files would block it.
resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18: a by-product that expires; nothing reads it
  # checkov:skip=CKV_AWS_144: a by-product that expires; nothing reads it
  # checkov:skip=CKV2_AWS_62: a by-product that expires; nothing reads it
  # checkov:skip=CKV_AWS_145: a region that only forwards has no key; S3 encrypts with a key of its own
  bucket        = "${var.name_prefix}-trail-${local.account}-${local.region}"
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key == null ? "AES256" : "aws:kms"
      kms_master_key_id = one(var.kms_key[*].arn)
    }
  }
}

# Versions protect a file from being overwritten or deleted before it expires.
resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.retention_days
    }
    noncurrent_version_expiration {
      noncurrent_days = 1
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # S3 refuses a rule about versions until the bucket has versioning.
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.bucket.json

  # S3 refuses two changes of one bucket's access at the same time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid     = "RefusePlainHttp"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      aws_s3_bucket.this.arn,
      "${aws_s3_bucket.this.arn}/*",
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
    resources = [aws_s3_bucket.this.arn]

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
    resources = ["${aws_s3_bucket.this.arn}/AWSLogs/${local.account}/*"]

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
