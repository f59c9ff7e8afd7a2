data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id
  trails    = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/*"
}

resource "aws_kms_key" "this" {
  count = var.kms_key == null ? 1 : 0

  description         = "Encrypts what ${var.name_prefix} stores"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.key.json
  tags                = var.tags
}

resource "aws_kms_alias" "this" {
  count = var.kms_key == null ? 1 : 0

  name          = "alias/${var.name_prefix}"
  target_key_id = aws_kms_key.this[0].key_id
}

# In a key policy, "*" means the key that has the policy. So every statement uses it.
data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109: in a key policy, "*" is the key that has the policy
  # checkov:skip=CKV_AWS_111: in a key policy, "*" is the key that has the policy
  # checkov:skip=CKV_AWS_356: in a key policy, "*" is the key that has the policy
  # IAM policies of this account decide about the key. Without this statement, nobody could change the key again.
  # It also lets the role policies of the functions and state machines grant the use of the key.
  statement {
    sid       = "AdministerByAccount"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "PublishAlarmsToTopics"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  # Services that may publish to a topic. EventBridge has its own statement.
  dynamic "statement" {
    for_each = [for publisher in var.publishers : publisher if publisher.service != "events.amazonaws.com"]

    content {
      sid       = "PublishToTopics${statement.key}"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = [statement.value.service]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = distinct([for arn in statement.value.source_arns : split(":", arn)[4]])
      }
    }
  }

  # EventBridge sends undelivered events to encrypted queues. Where topic_access lets a rule publish, it sends
  # events to a topic, too. It gives KMS neither the rule nor the account, so a condition would refuse every
  # event. The policy of each queue and topic names the rule.
  statement {
    sid       = "DeliverEvents"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }

  statement {
    sid = "WriteLogGroups"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:*"]
    }
  }

  statement {
    sid       = "DescribeForTrail"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.trails]
    }
  }

  statement {
    sid       = "EncryptTrailFiles"
    actions   = ["kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.trails]
    }
    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:cloudtrail:arn"
      values   = [local.trails]
    }
  }
}
