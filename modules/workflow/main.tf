data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id

  # Longer than the longest wait for a turn (40 tries, 180 s apart), and than the longest poll, each
  # with its retries; and the lease outlives the execution.
  scan_timeout_seconds = 7200 + var.scan_polling.interval_seconds * var.scan_polling.max_polls + 1800
  lease_seconds        = local.scan_timeout_seconds + 300
}

# Whatever could not be processed: events the intake gave up on, scans whose owner could not be
# notified, asynchronous calls that failed. They stay as long as a queue can hold them, to be redriven.
resource "aws_sqs_queue" "failed_events" {
  name                      = "${var.name_prefix}-failed-events"
  message_retention_seconds = 1209600
  kms_master_key_id         = var.kms_key_arn
  # Written here and not in a resource of its own, which takes the provider 25 s more.
  policy = data.aws_iam_policy_document.failed_events.json
  tags   = var.tags
}

data "aws_iam_policy_document" "failed_events" {
  statement {
    sid     = "KeepFailedEvents"
    actions = ["sqs:SendMessage"]
    # A policy inside its queue cannot name the queue; "*" means this queue alone.
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    # A pattern: the rule watches the scan machine, which sends to this queue, so it comes last.
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name_prefix}-*"]
    }
  }
}
