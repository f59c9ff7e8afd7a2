# Imports the findings of each image into the Security Hub of the account that owns the image. Off by default.
locals {
  # The ARN of an event bus ends with its name.
  security_hub_bus_name = split(":event-bus/", local.result_bus_arn)[1]

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

resource "aws_cloudwatch_event_rule" "import_findings" {
  count = var.security_hub ? 1 : 0

  name           = "${var.name_prefix}-import-findings"
  description    = "Verdicts with a result go to Security Hub"
  event_bus_name = local.security_hub_bus_name
  tags           = var.tags

  event_pattern = jsonencode({
    source      = ["image-scan"]
    detail-type = ["Container Image Scan Completed"]
    # Another installation may put its events on the same bus.
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

  # Without the permission, Lambda would refuse the first event, and the event would go to the queue.
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

# Lambda queues an event that the function cannot process, for example if Security Hub is not enabled.
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

  # Lambda checks that the function's role may send to the queue.
  depends_on = [aws_iam_role_policy.function]
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
    resources = [aws_sqs_queue.failed_events.arn]
  }
}
