locals {
  # For each role, the services through which it uses the key.
  key_users = {
    check_cache       = ["dynamodb"]
    get_registry      = ["dynamodb"]
    submit_scan       = ["dynamodb"]
    send_notification = ["dynamodb", "sns", "sqs"]
    reassess          = ["dynamodb"]
    reconcile         = ["dynamodb", "sns"]
    import_findings   = ["dynamodb", "sqs"]
    scheduler         = ["sqs"]
    intake            = ["sqs"]
    scan              = ["dynamodb", "sqs"]
  }
}

data "aws_iam_policy_document" "use_key" {
  for_each = local.key_users

  statement {
    sid       = "UseKeyThroughServices"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      # The domain after the region differs between partitions.
      values = [for service in each.value : "${service}.${local.region}.*"]
    }
  }
}

data "aws_iam_policy_document" "read_credential" {
  statement {
    sid       = "ReadCredential"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = local.read_secret_arns
  }

  statement {
    sid     = "DecryptCredential"
    actions = ["kms:Decrypt"]
    # The key of an existing secret is not known here, so the resource is "*". The condition allows only
    # these secrets, with any key.
    resources = [var.qualys_secret == null ? var.kms_key_arn : "*"]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:SecretARN"
      values   = local.read_secret_arns
    }
  }
}
