# The hub imports findings of this account's images into this account's Security Hub, in the hub's region.
resource "aws_iam_role_policy" "import_findings" {
  count = var.security_hub ? 1 : 0

  name   = "import-findings"
  role   = aws_iam_role.describe[0].name
  policy = data.aws_iam_policy_document.import_findings.json
}

data "aws_iam_policy_document" "import_findings" {
  statement {
    sid       = "ImportFindings"
    actions   = ["securityhub:BatchImportFindings"]
    resources = ["arn:${local.partition}:securityhub:*:${local.account}:product/${local.account}/default"]
  }
}
