locals {
  # The values that the templates of both machines use.
  definition_values = {
    partition               = local.partition
    functions               = { for name, function in aws_lambda_function.this : name => function.arn }
    failed_events_queue_url = module.failed_events.queue.url
  }
}

# One execution per event. Express machines are cheap, and most events end at the cache. They have no history,
# so the environment of a container is never stored.
resource "aws_sfn_state_machine" "intake" {
  # checkov:skip=CKV_AWS_284: a trace costs money per execution and shows no more than the logs
  # checkov:skip=CKV_AWS_285: it requires execution data in the logs, and events contain environment values
  name     = "${var.name_prefix}-intake"
  type     = "EXPRESS"
  role_arn = aws_iam_role.machine["intake"].arn
  tags     = var.tags

  definition = templatefile("${path.module}/intake.asl.json", merge(local.definition_values, {
    scan_state_machine_arn = aws_sfn_state_machine.scan.arn
  }))

  logging_configuration {
    log_destination        = "${aws_cloudwatch_log_group.machine["intake"].arn}:*"
    level                  = "ERROR"
    include_execution_data = false
  }

  # The first event must find a machine and functions that have their permissions.
  depends_on = [aws_iam_role_policy.intake, aws_iam_role_policy.function]

  lifecycle {
    precondition {
      condition     = local.leaves_something
      error_message = "Change scope: its accounts leave out ${local.account}, the only account that this installation watches, so nothing would be scanned."
    }
  }
}

# One execution per image without a verdict. Standard machines can wait for minutes, and the name of an execution
# makes sure that it runs once.
resource "aws_sfn_state_machine" "scan" {
  # checkov:skip=CKV_AWS_284: a trace costs money per execution and shows no more than the logs
  # checkov:skip=CKV_AWS_285: it requires execution data in the logs, and events contain environment values
  name     = "${var.name_prefix}-scan"
  type     = "STANDARD"
  role_arn = aws_iam_role.machine["scan"].arn
  tags     = var.tags

  # The states language requires a literal number here, and a placeholder without quotes would not be JSON.
  definition = jsonencode(merge(
    jsondecode(templatefile("${path.module}/scan.asl.json", merge(local.definition_values, {
      table_name            = var.cache_table.name
      cache_ttl_seconds     = var.cache_ttl_days * 86400
      poll_interval_seconds = var.scan_polling.interval_seconds
      max_polls             = var.scan_polling.max_polls
    }))),
    { TimeoutSeconds = local.scan_timeout_seconds },
  ))

  logging_configuration {
    log_destination        = "${aws_cloudwatch_log_group.machine["scan"].arn}:*"
    level                  = "ERROR"
    include_execution_data = false
  }

  depends_on = [aws_iam_role_policy.scan]
}

# Log groups below /aws/vendedlogs/ share one entry of the account's log resource policy. Other names need an entry
# each, and the policy has a size limit.
resource "aws_cloudwatch_log_group" "machine" {
  for_each = toset(["intake", "scan"])

  name              = "/aws/vendedlogs/states/${var.name_prefix}-${each.key}"
  retention_in_days = var.log.retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}
