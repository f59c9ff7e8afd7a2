# Findings of each image to the Security Hub of the account that owns it: off by default.
locals {
  # A bus of this account, whose ARN ends with its name.
  security_hub_bus_name = split(":event-bus/", local.result_bus_arn)[1]

  security_hub_functions = {
    for name in var.security_hub ? ["import_findings"] : [] : name => {
      timeout = 60
      environment = merge(local.cache_environment, local.members_environment, {
        ACCOUNT_ID = local.account
        # {account} is filled in by the function: each account has a product of its own.
        PRODUCT_ARN = "arn:${local.partition}:securityhub:${local.region}:{account}:product/{account}/default"
      })
    }
  }
}

resource "aws_cloudwatch_event_rule" "import_findings" {
  count = var.security_hub ? 1 : 0

  name           = "${var.name_prefix}-import-findings"
  description    = "Verdicts with a result go to Security Hub"
  event_bus_name = local.security_hub_bus_name
  tags           = var.tags

  event_pattern = jsonencode({
    source      = ["image-scan"]
    detail-type = ["Container Image Scan Completed"]
    # Another installation may use the same bus.
    detail = { installation = [var.name_prefix], verdict = ["CLEAN", "FINDINGS"] }
  })
}

resource "aws_cloudwatch_event_target" "import_findings" {
  count = var.security_hub ? 1 : 0

  rule           = aws_cloudwatch_event_rule.import_findings[0].name
  event_bus_name = local.security_hub_bus_name
  arn            = aws_lambda_function.this["import_findings"].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.failed_events.arn
  }

  # Without it the first event would be refused, and go to the queue.
  depends_on = [aws_lambda_permission.import_findings]
}

resource "aws_lambda_permission" "import_findings" {
  count = var.security_hub ? 1 : 0

  statement_id  = "InvokeForResults"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["import_findings"].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.import_findings[0].arn
}

# What the function fails at is queued: Security Hub not enabled there, a role that does not let it in.
resource "aws_lambda_function_event_invoke_config" "import_findings" {
  count = var.security_hub ? 1 : 0

  function_name                = aws_lambda_function.this["import_findings"].function_name
  maximum_event_age_in_seconds = 21600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed_events.arn
    }
  }

  # Lambda looks whether the function's role may send there.
  depends_on = [aws_iam_role_policy.function]
}

data "aws_iam_policy_document" "import_findings" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_members.json,
    data.aws_iam_policy_document.use_key["import_findings"].json,
  ]

  statement {
    sid       = "ImportFindings"
    actions   = ["securityhub:BatchImportFindings"]
    resources = ["arn:${local.partition}:securityhub:${local.region}:${local.account}:product/${local.account}/default"]
  }

  statement {
    sid       = "RememberFindings"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [var.cache_table.arn]
    # The entries beside the images, and no verdict.
    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["securityhub#*"]
    }
  }

  # Lambda does it in the function's name, with an event that the function failed at.
  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed_events.arn]
  }
}
