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
# call failed.
module "failed_events" {
  source = "../private/queue"

  name    = "${var.name_prefix}-failed-events"
  content = "events that were not processed"
  sid     = "KeepFailedEvents"
  # A pattern instead of the ARN: the rule depends on the scan machine, which depends on this queue.
  rule_arns         = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name_prefix}-*"]
  kms_key           = { arn = var.kms_key_arn }
  alarm_topic_arns  = values(var.topic_arns)
  queued_alarm_name = "${var.name_prefix}-queued-events"
  tags              = var.tags
}
