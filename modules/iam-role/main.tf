data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  # Asked of the account id, which people type, so that existing_arn may be unknown until apply.
  create = var.registry_role.qualys_account_id != null
}

# The Registry Sensor pulls images as this role. The region is in the name because role names are
# global in an account: two installations in two regions must not collide.
resource "aws_iam_role" "this" {
  # checkov:skip=CKV_AWS_61: it trusts the one account that Qualys names, by its external id
  count = local.create ? 1 : 0

  name                 = "${var.name_prefix}-registry-${data.aws_region.current.id}"
  path                 = var.iam_path
  description          = "Qualys Registry Sensor: pulls images from ECR"
  assume_role_policy   = data.aws_iam_policy_document.trust[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "trust" {
  count = local.create ? 1 : 0

  # The external id keeps other customers of Qualys from having Qualys assume this role for them.
  statement {
    sid     = "AssumeByQualys"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${var.registry_role.qualys_account_id}:root"]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.registry_role.external_id]
    }
  }
}

resource "aws_iam_role_policy_attachment" "read_registry" {
  count = local.create ? 1 : 0

  role       = aws_iam_role.this[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
}
