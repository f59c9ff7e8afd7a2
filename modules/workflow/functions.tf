locals {
  qualys_environment = merge({
    QUALYS_GATEWAY_URL = trimsuffix(var.qualys_gateway_url, "/")
    QUALYS_SECRET_ARN  = local.qualys_secret_arn
    }, var.network.ca_bundle == null ? {} : {
    CA_BUNDLE_ARN     = aws_secretsmanager_secret.ca_bundle[0].arn
    CA_BUNDLE_VERSION = aws_secretsmanager_secret_version.ca_bundle[0].version_id
  })
  cache_environment  = { CACHE_TABLE = var.cache_table.name }
  state_environment  = { STATE_TABLE = var.state_table.name }
  policy_environment = { NOTIFY = jsonencode(var.notification_policy) }

  functions = merge(local.pipeline_functions, local.security_hub_functions)
  # One entry per Task state, and two for the daily reconciliation. The name of a function is written where its
  # reference would be a cycle. function_policies.tf has their permissions.
  pipeline_functions = {
    parse_event = { timeout = 30, environment = merge(local.members_environment, local.scope_environment) }
    check_cache = {
      timeout = 10
      environment = merge(local.cache_environment, local.policy_environment, {
        LEASE_SECONDS   = local.lease_seconds
        INVENTORY_TABLE = var.inventory_table.name
      })
    }
    get_registry = {
      timeout = 60
      environment = merge(
        local.qualys_environment,
        local.state_environment,
        { QUALYS_ROLE_ARN = var.registry_role_arn },
        local.has_members ? { SPOKE_REGISTRY_ROLE_ARN = local.member_registry_role_arn } : {},
        var.registry_external_id == null ? {} : { QUALYS_EXTERNAL_ID = var.registry_external_id },
      )
    }
    submit_scan = {
      timeout = 60
      environment = merge(local.qualys_environment, local.state_environment, {
        INVENTORY_TABLE      = var.inventory_table.name
        LEASE_SECONDS        = local.lease_seconds
        MAX_CONCURRENT_SCANS = var.max_concurrent_scans
      })
    }
    check_status = { timeout = 60, environment = local.qualys_environment }
    get_results = {
      timeout     = 60
      environment = merge(local.qualys_environment, { REQUIRE_EXAMINED = join(" ", var.require_examined) })
    }
    send_notification = {
      timeout = 30
      environment = merge(local.cache_environment, local.state_environment, local.policy_environment, local.members_environment, {
        OWNER_TAG        = var.owners.tag
        OWNER_TOPICS     = jsonencode(var.owners.topics)
        CACHE_TTL_DAYS   = var.cache_ttl_days
        INVENTORY_TABLE  = var.inventory_table.name
        REMEDIATION_DAYS = jsonencode(var.remediation_days)
        RESULT_BUS       = local.result_bus_arn
        TOPIC_ARNS       = jsonencode(var.topic_arns)
      }, var.qualys_platform_url == null ? {} : { QUALYS_PLATFORM_URL = trimsuffix(var.qualys_platform_url, "/") })
    }
    reconcile = {
      timeout = 900
      environment = merge(local.qualys_environment, local.cache_environment, local.state_environment, local.policy_environment, local.members_environment, local.scope_environment, {
        INVENTORY_TABLE       = var.inventory_table.name
        REASSESSMENT_FUNCTION = "${var.name_prefix}-reassess"
        REMEDIATION_DAYS      = jsonencode(var.remediation_days)
        TOPIC_ARNS            = jsonencode(var.topic_arns)
        }, var.rescan_days == null ? {} : { RESCAN_DAYS = var.rescan_days },
        var.finding_events ? { FINDING_BUS = local.result_bus_arn } : {},
        length(var.owners.topics) == 0 ? {} : { OWNER_TOPICS = jsonencode({ for team in keys(var.owners.topics) : team => {} }) },
      )
    }
    reassess = {
      timeout = 300
      environment = merge(local.qualys_environment, local.cache_environment, {
        NOTIFICATION_FUNCTION = "${var.name_prefix}-send-notification"
        REQUIRE_EXAMINED      = join(" ", var.require_examined)
      })
    }
  }

  function_environment = merge(
    { INSTALLATION_VERSION = var.code.version, LOG_LEVEL = var.log.level, NAME_PREFIX = var.name_prefix },
    var.network.https_proxy == null ? {} : { HTTPS_PROXY = var.network.https_proxy },
    var.network.no_proxy == null ? {} : { NO_PROXY = var.network.no_proxy },
  )
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_115: reserved concurrency fails in accounts with a small quota; the machines limit their concurrency
  # checkov:skip=CKV_AWS_116: the machines invoke synchronously, and queue failed events
  # checkov:skip=CKV_AWS_117: `network` is an input; most accounts reach Qualys without a VPC
  # checkov:skip=CKV_AWS_173: nothing in the environment is secret; a proxy URL with a login is refused
  # checkov:skip=CKV_AWS_272: signing needs an additional profile and bucket; requirements are pinned by hash
  for_each = local.functions

  function_name = "${var.name_prefix}-${replace(each.key, "_", "-")}"
  description   = "Image scan: ${replace(each.key, "_", " ")}"
  role          = aws_iam_role.function[each.key].arn
  handler       = "image_scan.handlers.${each.key}.handler"
  runtime       = var.code.runtime
  architectures = [var.code.architecture]
  memory_size   = each.key == "reconcile" ? 1024 : 256 # that one holds a row of each workload
  timeout       = each.value.timeout
  tags          = var.tags

  filename          = var.code.filename
  s3_bucket         = var.code.s3_bucket
  s3_key            = var.code.s3_key
  s3_object_version = var.code.s3_object_version
  source_code_hash  = var.code.hash

  environment {
    variables = merge(local.function_environment, each.value.environment)
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

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name_prefix}-${replace(each.key, "_", "-")}"
  retention_in_days = var.log.retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}
