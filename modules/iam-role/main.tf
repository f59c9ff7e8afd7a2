data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  # The account id decides: people type it, so it is known at plan time. existing_arn may be unknown until apply.
  create = var.registry_role.qualys_account_id != null
}

# The Registry Sensor pulls images with this role. Role names are global in an account. The region in the name
# avoids a collision of two installations in two regions.
resource "aws_iam_role" "this" {
  # checkov:skip=CKV_AWS_61: it trusts only the account that Qualys names, with an external id
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

  # Without the external id, another customer of Qualys could let Qualys assume this role.
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
