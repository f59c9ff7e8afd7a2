data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id
  name      = "${var.name_prefix}-deployment-gate"
}

# ECS calls this function before the tasks of a new revision start, and again after they have started.
resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_115: reserved concurrency fails in accounts with a small quota, and a throttled gate is a rollback
  # checkov:skip=CKV_AWS_116: ECS invokes synchronously, and takes an error for a failed deployment
  # checkov:skip=CKV_AWS_117: `network` is an input; the gate calls AWS only
  # checkov:skip=CKV_AWS_173: nothing in the environment is secret; a proxy URL with a login is refused
  # checkov:skip=CKV_AWS_272: signing needs an additional profile and bucket; requirements are pinned by hash
  function_name = local.name
  description   = "Image scan: deployment gate"
  role          = aws_iam_role.function.arn
  handler       = "image_scan.handlers.deployment_gate.handler"
  runtime       = var.code.runtime
  architectures = [var.code.architecture]
  memory_size   = 1024 # of a fast processor: a deployment waits for the answer
  timeout       = 30
  tags          = var.tags

  filename          = var.code.filename
  s3_bucket         = var.code.s3_bucket
  s3_key            = var.code.s3_key
  s3_object_version = var.code.s3_object_version
  source_code_hash  = var.code.hash

  environment {
    variables = merge(
      {
        INSTALLATION_VERSION     = var.code.version
        LOG_LEVEL                = var.log.level
        NAME_PREFIX              = var.name_prefix
        CACHE_TABLE              = var.cache_table.name
        STATE_TABLE              = var.state_table.name
        INTAKE_STATE_MACHINE_ARN = var.intake_state_machine_arn
        RESULT_BUS               = var.result_bus_arn
        TOPIC_ARNS               = jsonencode(var.topic_arns)
        GATE_MODE                = var.mode
        GATE_POLICY              = jsonencode(var.policy)
        GATE_ON_UNDECIDED        = var.on_undecided
        GATE_DEADLINE_MINUTES    = var.deadline_minutes
        GATE_ROLLBACK_DAYS       = var.rollback_days
        GATE_HOOK                = jsonencode(local.api_hook) # `make gate` reads it
      },
      var.members.environment,
      length(flatten(values(var.scope))) == 0 ? {} : { SCOPE = jsonencode(var.scope) },
      var.network.https_proxy == null ? {} : { HTTPS_PROXY = var.network.https_proxy },
      var.network.no_proxy == null ? {} : { NO_PROXY = var.network.no_proxy },
    )
  }

  tracing_config {
    mode = "PassThrough" # traces only if the caller traces
  }

  dynamic "vpc_config" {
    for_each = var.network.vpc == null ? [] : [var.network.vpc]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # Lambda would create a missing log group itself, without our key and without a retention.
  depends_on = [
    aws_cloudwatch_log_group.function,
    aws_iam_role_policy.network,
    aws_iam_role_policy_attachment.network,
  ]
}

# `make gate` and `make report` read the decisions here.
resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log.retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}
