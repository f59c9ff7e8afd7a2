# The function that imports the findings of each image into the Security Hub of the account that owns the image.
# Off by default. modules/security-hub sends it the events.
locals {
  security_hub_functions = {
    for name in var.security_hub ? ["import_findings"] : [] : name => {
      timeout = 60
      environment = merge(local.state_environment, local.members_environment, {
        ACCOUNT_ID = local.account
        # The function replaces {account}, because each account has its own product.
        PRODUCT_ARN = "arn:${local.partition}:securityhub:${local.region}:{account}:product/{account}/default"
      })
    }
  }
}

data "aws_iam_policy_document" "import_findings" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_members.json,
    data.aws_iam_policy_document.use_key["import_findings"].json,
    data.aws_iam_policy_document.use_tables["import_findings"].json,
  ]

  statement {
    sid       = "ImportFindings"
    actions   = ["securityhub:BatchImportFindings"]
    resources = ["arn:${local.partition}:securityhub:${local.region}:${local.account}:product/${local.account}/default"]
  }

  # Lambda uses the function's role to queue an event that the function could not process.
  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [module.failed_events.queue.arn]
  }
}
