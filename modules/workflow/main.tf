data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id

  # The timeout is longer than the longest wait for a permit (40 tries, 180 s apart) plus the longest first wait
  # (300 s) and polling, with all retries. The lease lasts longer than the execution.
  scan_timeout_seconds = 7200 + 300 + var.scan_polling.interval_seconds * var.scan_polling.max_polls + 1800
  lease_seconds        = local.scan_timeout_seconds + 300
}

# Events that could not be processed: the intake failed, a scan's notification failed, or an asynchronous
# call failed. They wait for a redrive for 14 days, the maximum of SQS.
resource "aws_sqs_queue" "failed_events" {
  name                      = "${var.name_prefix}-failed-events"
  message_retention_seconds = 1209600
  kms_master_key_id         = var.kms_key_arn
  # The policy is an argument here, because a separate resource takes the provider 25 s more.
  policy = data.aws_iam_policy_document.failed_events.json
  tags   = var.tags
}

data "aws_iam_policy_document" "failed_events" {
  statement {
    sid     = "KeepFailedEvents"
    actions = ["sqs:SendMessage"]
    # A policy in the queue's own arguments cannot refer to the queue. Here "*" means this queue only.
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    # A pattern instead of the ARN: the rule depends on the scan machine, which depends on this queue.
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name_prefix}-*"]
    }
  }
}
