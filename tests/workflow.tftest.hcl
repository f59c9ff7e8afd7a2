# Real provider, no account: nothing here leaves the machine.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

# Applied, because policies that name a resource of the module are only read then; every resource
# is overridden, so that nothing is created.
override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}
override_resource {
  target = aws_lambda_function.this["parse_event"]
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-parse-event" }
}
override_resource {
  target = aws_cloudwatch_log_group.function["parse_event"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-parse-event" }
}
override_resource {
  target = aws_lambda_function.this["check_cache"]
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-check-cache" }
}
override_resource {
  target = aws_cloudwatch_log_group.function["check_cache"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-check-cache" }
}
override_resource {
  target = aws_lambda_function.this["get_registry"]
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-get-registry" }
}
override_resource {
  target = aws_cloudwatch_log_group.function["get_registry"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-get-registry" }
}
override_resource {
  target = aws_lambda_function.this["submit_scan"]
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-submit-scan" }
}
override_resource {
  target = aws_cloudwatch_log_group.function["submit_scan"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-submit-scan" }
}
override_resource {
  target = aws_lambda_function.this["check_status"]
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-check-status" }
}
override_resource {
  target = aws_cloudwatch_log_group.function["check_status"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-check-status" }
}
override_resource {
  target = aws_lambda_function.this["get_results"]
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-get-results" }
}
override_resource {
  target = aws_cloudwatch_log_group.function["get_results"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-get-results" }
}
override_resource {
  target = aws_lambda_function.this["reassess"]
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-reassess" }
}
override_resource {
  target = aws_cloudwatch_log_group.function["reassess"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-reassess" }
}
override_resource {
  target = aws_lambda_function.this["send_notification"]
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-send-notification" }
}
override_resource {
  target = aws_cloudwatch_log_group.function["send_notification"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-send-notification" }
}
override_resource {
  target = aws_lambda_function.this["reconcile"]
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-reconcile" }
}
override_resource {
  target = aws_cloudwatch_log_group.function["reconcile"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-reconcile" }
}
override_resource {
  target = aws_lambda_function.this["import_findings"]
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-import-findings", function_name = "test-scan-import-findings" }
}
override_resource {
  target = aws_cloudwatch_log_group.function["import_findings"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-import-findings" }
}
override_resource {
  target = aws_scheduler_schedule.reconcile
}
override_resource {
  target = aws_iam_role.scheduler
  values = { arn = "arn:aws:iam::111122223333:role/scheduler" }
}
override_resource {
  target = aws_iam_role_policy.scheduler
}
override_resource {
  target = aws_iam_role_policy.send_to_intake
}
override_resource {
  target = aws_sfn_state_machine.intake
  values = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:test-scan-intake" }
}
override_resource {
  target = aws_cloudwatch_log_group.machine["intake"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/vendedlogs/states/test-scan-intake" }
}
override_resource {
  target = aws_sfn_state_machine.scan
  values = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:test-scan-scan" }
}
override_resource {
  target = aws_cloudwatch_log_group.machine["scan"]
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/vendedlogs/states/test-scan-scan" }
}
override_resource {
  target = module.failed_events.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-central-1:111122223333:test-scan-failed-events", url = "https://sqs.eu-central-1.amazonaws.com/111122223333/test-scan-failed-events" }
}
override_resource {
  target = aws_secretsmanager_secret.qualys
  values = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:test-scan-qualys-abc" }
}
override_resource {
  target = aws_secretsmanager_secret.ca_bundle
  values = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:test-scan-ca-bundle-abc" }
}
override_resource {
  target = aws_secretsmanager_secret_version.ca_bundle
  values = { version_id = "1" }
}
override_resource {
  target = aws_cloudwatch_event_rule.scan_ended
  values = { arn = "arn:aws:events:eu-central-1:111122223333:rule/test-scan-scan-ended" }
}
override_resource {
  target = aws_iam_role.function
  values = { arn = "arn:aws:iam::111122223333:role/function" }
}
override_resource {
  target = aws_iam_role.machine
  values = { arn = "arn:aws:iam::111122223333:role/machine" }
}
override_resource {
  target = aws_iam_role_policy.function
}
override_resource {
  target = aws_iam_role_policy_attachment.network
}
override_resource {
  target = aws_iam_role_policy.intake
}
override_resource {
  target = aws_iam_role_policy.scan
}
override_resource {
  target = aws_secretsmanager_secret_version.qualys
}
override_resource {
  target = aws_cloudwatch_event_target.scan_ended
}
override_resource {
  target = aws_lambda_permission.scan_ended
}
override_resource {
  target = aws_lambda_function_event_invoke_config.send_notification
}
override_resource {
  target = aws_cloudwatch_metric_alarm.machine
}
override_resource {
  target = module.failed_events.aws_cloudwatch_metric_alarm.this
}
override_resource {
  target = module.failed_events.aws_cloudwatch_metric_alarm.queued
}
override_resource {
  target = aws_cloudwatch_metric_alarm.function
}
override_resource {
  target = aws_iam_role_policy.network
}

variables {
  name_prefix              = "test-scan"
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/abc"
  cache_table              = { name = "test-scan-cache", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/test-scan-cache" }
  state_table              = { name = "test-scan-state", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/test-scan-state" }
  topic_arns               = { for reader in ["people", "phones", "chat", "machines"] : reader => "arn:aws:sns:eu-central-1:111122223333:test-scan-notifications-${reader}" }
  inventory_table          = { name = "test-scan-inventory", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/test-scan-inventory" }
  registry_role_arn        = "arn:aws:iam::111122223333:role/sensor"
  registry_external_id     = "0815"
  qualys_gateway_url       = "https://gateway.example.com/"
  qualys_platform_url      = "https://qualys.example.com/"
  qualys_secret            = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:theirs" }
  iam_path                 = "/security/"
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
  tags                     = { team = "security" }

  # Not used beside a secret, but `terraform test` 1.11 cannot apply without an ephemeral variable.
  qualys_credentials = { token = "unused" }

  code = {
    s3_bucket         = "artifacts"
    s3_key            = "image_scan.zip"
    s3_object_version = "3"
    runtime           = "python3.12"
    architecture      = "arm64"
    version           = "1.2.3"
  }
}

run "functions" {
  module {
    source = "./modules/workflow"
  }

  assert {
    condition = {
      for key, function in aws_lambda_function.this : key => [function.handler, function.timeout]
      } == {
      parse_event       = ["image_scan.handlers.parse_event.handler", 30]
      check_cache       = ["image_scan.handlers.check_cache.handler", 10]
      get_registry      = ["image_scan.handlers.get_registry.handler", 60]
      submit_scan       = ["image_scan.handlers.submit_scan.handler", 60]
      check_status      = ["image_scan.handlers.check_status.handler", 60]
      get_results       = ["image_scan.handlers.get_results.handler", 60]
      send_notification = ["image_scan.handlers.send_notification.handler", 30]
      reassess          = ["image_scan.handlers.reassess.handler", 300]
      reconcile         = ["image_scan.handlers.reconcile.handler", 900]
    }
    error_message = "One function per step, each with its handler and timeout."
  }
  assert {
    condition = alltrue([
      for key, function in aws_lambda_function.this :
      function.runtime == "python3.12" && function.architectures == tolist(["arm64"]) &&
      function.memory_size == (key == "reconcile" ? 1024 : 256) &&
      length(function.vpc_config) == 0 && coalesce(function.reserved_concurrent_executions, -1) == -1
    ])
    error_message = "Functions must run Python 3.12 on arm64, outside a VPC and without reserved concurrency."
  }
  assert {
    condition = alltrue([
      for key, function in aws_lambda_function.this :
      function.s3_bucket == "artifacts" && function.s3_object_version == "3" && function.filename == null
    ])
    error_message = "The functions must run the code that is given."
  }
  assert {
    condition = jsonencode({
      for key, function in aws_lambda_function.this : key => join(" ", [
        for name in keys(function.environment[0].variables) : name if !contains(["INSTALLATION_VERSION", "LOG_LEVEL", "NAME_PREFIX"], name)
      ])
      }) == jsonencode({
      parse_event       = ""
      check_cache       = "CACHE_TABLE INVENTORY_TABLE LEASE_SECONDS NOTIFY"
      get_registry      = "QUALYS_EXTERNAL_ID QUALYS_GATEWAY_URL QUALYS_ROLE_ARN QUALYS_SECRET_ARN STATE_TABLE"
      submit_scan       = "INVENTORY_TABLE LEASE_SECONDS MAX_CONCURRENT_SCANS QUALYS_GATEWAY_URL QUALYS_SECRET_ARN STATE_TABLE"
      check_status      = "QUALYS_GATEWAY_URL QUALYS_SECRET_ARN"
      get_results       = "QUALYS_GATEWAY_URL QUALYS_SECRET_ARN REQUIRE_EXAMINED"
      send_notification = "CACHE_TABLE CACHE_TTL_DAYS INVENTORY_TABLE NOTIFY OWNER_TAG OWNER_TOPICS QUALYS_PLATFORM_URL REMEDIATION_DAYS RESULT_BUS STATE_TABLE TOPIC_ARNS"
      reassess          = "CACHE_TABLE NOTIFICATION_FUNCTION QUALYS_GATEWAY_URL QUALYS_SECRET_ARN REQUIRE_EXAMINED"
      reconcile         = "CACHE_TABLE INVENTORY_TABLE NOTIFY QUALYS_GATEWAY_URL QUALYS_SECRET_ARN REASSESSMENT_FUNCTION REMEDIATION_DAYS STATE_TABLE TOPIC_ARNS"
    })
    error_message = "Each function must get the settings it uses and no more."
  }
  assert {
    condition = (
      aws_lambda_function.this["check_cache"].environment[0].variables["LEASE_SECONDS"] == "11400" &&
      aws_lambda_function.this["submit_scan"].environment[0].variables["MAX_CONCURRENT_SCANS"] == "100" &&
      aws_lambda_function.this["get_registry"].environment[0].variables["QUALYS_EXTERNAL_ID"] == "0815" &&
      aws_lambda_function.this["get_registry"].environment[0].variables["QUALYS_GATEWAY_URL"] == "https://gateway.example.com" &&
      aws_lambda_function.this["send_notification"].environment[0].variables["QUALYS_PLATFORM_URL"] == "https://qualys.example.com" &&
      aws_lambda_function.this["get_registry"].environment[0].variables["QUALYS_ROLE_ARN"] == "arn:aws:iam::111122223333:role/sensor" &&
      aws_lambda_function.this["parse_event"].environment[0].variables["NAME_PREFIX"] == "test-scan"
    )
    error_message = "A lease must outlive two hours of waiting for a turn a first wait of 300 s and 30 polls of 60 s with 30 minutes for retries; the URLs have no slash at their end."
  }
}

run "machines" {
  module {
    source = "./modules/workflow"
  }
  variables {
    scan_polling = { interval_seconds = 2, max_polls = 5 }
  }

  assert {
    condition = (
      aws_sfn_state_machine.intake.type == "EXPRESS" && aws_sfn_state_machine.scan.type == "STANDARD" &&
      alltrue([for machine in [aws_sfn_state_machine.intake, aws_sfn_state_machine.scan] :
        machine.logging_configuration[0].level == "ERROR" && !machine.logging_configuration[0].include_execution_data
      ])
    )
    error_message = "The machines must log errors, without the data that executions carry."
  }
  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.intake.definition).StartAt == "ParseEvent" &&
      jsondecode(aws_sfn_state_machine.scan.definition).StartAt == "GetRegistry" &&
      !strcontains(aws_sfn_state_machine.intake.definition, "$${") && !strcontains(aws_sfn_state_machine.scan.definition, "$${")
    )
    error_message = "Both definitions must be rendered whole."
  }
  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.scan.definition).TimeoutSeconds == 9310 &&
      jsondecode(aws_sfn_state_machine.scan.definition).States.WaitForScan.Seconds == "{% $poll_count = 0 ? $registry.first_wait : 2 %}" &&
      aws_lambda_function.this["check_cache"].environment[0].variables["LEASE_SECONDS"] == "9610"
    )
    error_message = "Polling must shape the wait, the machine's timeout and the lease."
  }
  assert {
    condition = jsonencode({
      for key, policy in { intake = aws_iam_role_policy.intake.policy, scan = aws_iam_role_policy.scan.policy } : key => {
        for statement in jsondecode(policy).Statement : statement.Sid => sort(flatten([statement.Resource]))
        if !contains(["DeliverLogs", "UseKeyThroughServices"], statement.Sid)
      }
      }) == jsonencode({
      intake = {
        KeepFailedEvents = [module.failed_events.queue.arn]
        InvokeFunctions  = [for key in ["check_cache", "parse_event", "send_notification"] : aws_lambda_function.this[key].arn]
        StartScans       = [aws_sfn_state_machine.scan.arn]
      }
      scan = {
        KeepFailedEvents = [module.failed_events.queue.arn]
        InvokeFunctions = [
          for key in ["check_status", "get_registry", "get_results", "send_notification", "submit_scan"] : aws_lambda_function.this[key].arn
        ]
        FreeLeases = [var.cache_table.arn]
      }
    })
    error_message = "Each machine may call its own steps and no more."
  }
  assert {
    condition = alltrue([
      for role in aws_iam_role.machine :
      one(jsondecode(role.assume_role_policy).Statement).Principal.Service == "states.amazonaws.com" &&
      one(jsondecode(role.assume_role_policy).Statement).Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    ])
    error_message = "Only this account's state machines may use their roles."
  }
}

run "scan_ended" {
  module {
    source = "./modules/workflow"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.scan_ended.event_pattern) == {
      source      = ["aws.states"]
      detail-type = ["Step Functions Execution Status Change"]
      detail      = { stateMachineArn = [aws_sfn_state_machine.scan.arn], status = ["FAILED", "TIMED_OUT", "ABORTED"] }
    }
    error_message = "The rule must see every scan that ended without success, and no other machine."
  }
  assert {
    condition = (
      aws_cloudwatch_event_target.scan_ended.arn == aws_lambda_function.this["send_notification"].arn &&
      aws_cloudwatch_event_target.scan_ended.dead_letter_config[0].arn == module.failed_events.queue.arn &&
      aws_lambda_permission.scan_ended.source_arn == aws_cloudwatch_event_rule.scan_ended.arn &&
      one(aws_lambda_function_event_invoke_config.send_notification.destination_config[0].on_failure[*].destination) == module.failed_events.queue.arn
    )
    error_message = "What is not delivered, and what the function fails at, must be queued."
  }
}

run "queue_and_alarms" {
  module {
    source = "./modules/workflow"
  }

  assert {
    condition = toset([for alarm in aws_cloudwatch_metric_alarm.machine : "${alarm.metric_name} ${alarm.dimensions["StateMachineArn"]}"]) == toset(concat(
      [for metric in ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionThrottled"] : "${metric} ${aws_sfn_state_machine.intake.arn}"],
      [for metric in ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionThrottled", "ExecutionsAborted"] : "${metric} ${aws_sfn_state_machine.scan.arn}"],
    ))
    error_message = "Every way in which an execution can be lost must be watched."
  }
  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.machine), values(aws_cloudwatch_metric_alarm.function)) :
      alarm.alarm_actions == toset(values(var.topic_arns)) && alarm.threshold == 0
    ])
    error_message = "A single occurrence must raise an alarm at every topic."
  }
  assert {
    condition = {
      for alarm in values(aws_cloudwatch_metric_alarm.function) :
      alarm.alarm_name => "${alarm.namespace} ${alarm.metric_name} ${jsonencode(alarm.dimensions)}"
      } == {
      test-scan-refused-result-events = "ImageScan RefusedResultEvents {\"Installation\":\"test-scan\"}"
      test-scan-reconciliation        = "AWS/Lambda AsyncEventsDropped {\"FunctionName\":\"test-scan-reconcile\"}"
    }
    error_message = "What functions count without failing must be watched by the metrics that they publish."
  }
}

run "names_path_boundary_tags_and_retention" {
  module {
    source = "./modules/workflow"
  }
  variables {
    log                = { level = "DEBUG", retention_days = 30 }
    qualys_secret      = null
    qualys_credentials = { token = "t" }
  }

  assert {
    condition = alltrue([
      for name in concat(
        values(aws_lambda_function.this)[*].function_name, values(aws_iam_role.function)[*].name, values(aws_iam_role.machine)[*].name,
        values(aws_cloudwatch_metric_alarm.machine)[*].alarm_name, values(aws_cloudwatch_metric_alarm.function)[*].alarm_name,
        [
          aws_sfn_state_machine.intake.name, aws_sfn_state_machine.scan.name, module.failed_events.queue.name,
          aws_cloudwatch_event_rule.scan_ended.name, aws_secretsmanager_secret.qualys[0].name_prefix,
        ],
      ) : startswith(name, "test-scan-")
    ])
    error_message = "Every name must begin with the prefix."
  }
  assert {
    condition = alltrue([
      for role in concat(values(aws_iam_role.function), values(aws_iam_role.machine)) :
      role.path == "/security/" && role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary" &&
      endswith(role.name, "-eu-central-1") && length(role.name) + 28 - length("test-scan") <= 64
    ])
    error_message = "Path and boundary must reach every role, whose name differs by region and stays within 64 characters."
  }
  assert {
    condition = alltrue([
      for tags in concat(
        values(aws_lambda_function.this)[*].tags, values(aws_iam_role.function)[*].tags, values(aws_iam_role.machine)[*].tags,
        values(aws_cloudwatch_log_group.function)[*].tags, values(aws_cloudwatch_log_group.machine)[*].tags,
        values(aws_cloudwatch_metric_alarm.machine)[*].tags, values(aws_cloudwatch_metric_alarm.function)[*].tags,
        [
          aws_sfn_state_machine.intake.tags, aws_sfn_state_machine.scan.tags,
          aws_cloudwatch_event_rule.scan_ended.tags, aws_secretsmanager_secret.qualys[0].tags,
        ],
      ) : tags == tomap({ team = "security" })
    ])
    error_message = "The tags must reach everything."
  }
  assert {
    condition = alltrue([
      for group in concat(values(aws_cloudwatch_log_group.function), values(aws_cloudwatch_log_group.machine)) :
      group.retention_in_days == 30 && group.kms_key_id == var.kms_key_arn
      ]) && alltrue([
      for key, function in aws_lambda_function.this :
      aws_cloudwatch_log_group.function[key].name == "/aws/lambda/${function.function_name}" &&
      function.environment[0].variables["LOG_LEVEL"] == "DEBUG" && function.environment[0].variables["INSTALLATION_VERSION"] == "1.2.3"
    ])
    error_message = "Every log group must be encrypted and expire, and be the one that Lambda writes to."
  }
}

run "writes_the_credential" {
  module {
    source = "./modules/workflow"
  }
  variables {
    qualys_secret              = null
    qualys_credentials         = { client_id = "id", client_secret = "s3cret" }
    qualys_credentials_version = 4
  }

  assert {
    condition = (
      aws_secretsmanager_secret.qualys[0].kms_key_id == var.kms_key_arn &&
      aws_secretsmanager_secret_version.qualys[0].secret_string_wo_version == 4 &&
      aws_secretsmanager_secret_version.qualys[0].version_stages == toset(["AWSCURRENT", "terraform"]) &&
      aws_secretsmanager_secret_version.qualys[0].secret_string_wo == null &&
      aws_secretsmanager_secret_version.qualys[0].secret_string == null
    )
    error_message = "The credential must be encrypted with the key and be stored in no state."
  }
  assert {
    condition = alltrue(flatten([
      for policy in aws_iam_role_policy.function : [
        for statement in jsondecode(policy.policy).Statement : statement.Resource == var.kms_key_arn
        if statement.Sid == "DecryptCredential"
      ]
    ])) && output.qualys_secret_arn == aws_secretsmanager_secret.qualys[0].arn
    error_message = "The secret's key is known, so the functions may use that one alone."
  }
}

run "runs_in_a_vpc_behind_a_proxy" {
  module {
    source = "./modules/workflow"
  }
  variables {
    network = {
      vpc         = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
      https_proxy = "http://proxy.example.com:3128"
      no_proxy    = "169.254.169.254"
    }
  }

  assert {
    condition = alltrue([
      for function in aws_lambda_function.this :
      function.vpc_config[0].subnet_ids == toset(["subnet-1", "subnet-2"]) && function.vpc_config[0].security_group_ids == toset(["sg-1"]) &&
      function.environment[0].variables["HTTPS_PROXY"] == "http://proxy.example.com:3128" && function.environment[0].variables["NO_PROXY"] == "169.254.169.254"
    ])
    error_message = "Network and proxy must reach every function."
  }
  assert {
    condition     = keys(aws_iam_role_policy_attachment.network) == keys(aws_lambda_function.this)
    error_message = "Every function in a VPC must be able to make network interfaces."
  }
  assert {
    # AWS has it in AWSLambdaVPCAccessExecutionRole since 2024, and not in the policy attached.
    condition = keys(aws_iam_role_policy.network) == keys(aws_lambda_function.this) && alltrue([
      for policy in aws_iam_role_policy.network : [for statement in jsondecode(policy.policy).Statement : [statement.Action, statement.Resource]] == [["ec2:DescribeSubnets", "*"]]
    ])
    error_message = "Every function in a VPC must be able to look at its subnets."
  }
}

run "trusts_a_ca_bundle" {
  module {
    source = "./modules/workflow"
  }
  variables {
    network = { ca_bundle = { pem = "# Prüfstelle - G2\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n\n" } }
  }

  assert {
    condition = (
      aws_secretsmanager_secret_version.ca_bundle[0].secret_string == "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----" &&
      aws_secretsmanager_secret.ca_bundle[0].kms_key_id == var.kms_key_arn
    )
    error_message = "The bundle must be stored where the functions read it, under the key."
  }
  assert {
    condition = toset([
      for key, function in aws_lambda_function.this : key
      if lookup(function.environment[0].variables, "CA_BUNDLE_ARN", "") == aws_secretsmanager_secret.ca_bundle[0].arn
      && lookup(function.environment[0].variables, "CA_BUNDLE_VERSION", "") == aws_secretsmanager_secret_version.ca_bundle[0].version_id
    ]) == toset(["get_registry", "submit_scan", "check_status", "get_results", "reassess", "reconcile"])
    error_message = "The functions that call Qualys, and no other, must get the bundle."
  }
  assert {
    condition = toset(flatten([
      for key, policy in aws_iam_role_policy.function : [
        for statement in jsondecode(policy.policy).Statement : [
          toset(flatten([statement.Resource])) == toset([var.qualys_secret.arn, aws_secretsmanager_secret.ca_bundle[0].arn]) ? key : "another"
        ] if statement.Sid == "ReadCredential"
      ]
    ])) == toset(["get_registry", "submit_scan", "check_status", "get_results", "reassess", "reconcile"])
    error_message = "These functions must be allowed to read the two secrets, and no other."
  }
}

run "reconciles_once_a_day" {
  module {
    source = "./modules/workflow"
  }

  assert {
    condition = (
      aws_scheduler_schedule.reconcile[0].schedule_expression == "rate(1 day)" &&
      aws_scheduler_schedule.reconcile[0].target[0].arn == aws_lambda_function.this["reconcile"].arn &&
      aws_scheduler_schedule.reconcile[0].target[0].dead_letter_config[0].arn == module.failed_events.queue.arn &&
      jsondecode(aws_scheduler_schedule.reconcile[0].target[0].input) == { intake_state_machine_arn = aws_sfn_state_machine.intake.arn }
    )
    error_message = "The schedule must start the function, and keep what it cannot start."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.scheduler.policy).Statement : statement.Sid => [statement.Action, statement.Resource]
      if statement.Sid != "UseKeyThroughServices"
      } == {
      StartReconciliation = ["lambda:InvokeFunction", aws_lambda_function.this["reconcile"].arn]
      KeepFailedEvents    = ["sqs:SendMessage", module.failed_events.queue.arn]
    }
    error_message = "The scheduler may start this function and nothing else."
  }
  assert {
    condition = {
      for key in ["reconcile", "reassess"] : key => one([
        for statement in jsondecode(aws_iam_role_policy.function[key].policy).Statement : statement.Resource if statement.Action == "lambda:InvokeFunction"
      ])
      } == {
      reconcile = aws_lambda_function.this["reassess"].arn
      reassess  = aws_lambda_function.this["send_notification"].arn
    }
    error_message = "Reconcile may have images reassessed, and that alone may have a verdict recorded."
  }
  assert {
    condition     = one(jsondecode(aws_iam_role_policy.send_to_intake.policy).Statement[*].Resource) == aws_sfn_state_machine.intake.arn
    error_message = "What is missed goes through the intake."
  }
}

run "reconciles_on_demand_only" {
  module {
    source = "./modules/workflow"
  }
  variables {
    reconcile_schedule = null
  }

  assert {
    condition     = length(aws_scheduler_schedule.reconcile) == 0
    error_message = "Without a schedule there must be none."
  }
}

run "gives_the_scope_to_those_who_decide_by_it" {
  command = plan
  module {
    source = "./modules/workflow"
  }
  variables {
    scope = {
      include = [{ name = "ours", accounts = ["111122223333"] }]
      exclude = [{ name = "vendor agents", repositories = ["vendor/*"], allow_at_gate = true }]
    }
  }

  assert {
    condition = jsonencode([
      for name, function in aws_lambda_function.this : name if contains(keys(function.environment[0].variables), "SCOPE")
    ]) == jsonencode(["parse_event", "reconcile"])
    error_message = "These functions must have the rules, and no other."
  }
  assert {
    condition = (
      jsondecode(aws_lambda_function.this["parse_event"].environment[0].variables["SCOPE"]).exclude[0].repositories[0] == "vendor/*" &&
      jsondecode(aws_lambda_function.this["reconcile"].environment[0].variables["SCOPE"]).exclude[0].allow_at_gate
    )
    error_message = "The rules must be the given ones."
  }
  assert {
    condition     = !can(jsondecode(data.aws_iam_policy_document.read_workload_tags.json).Statement)
    error_message = "No rule names a tag, so nothing may read tags."
  }
}

run "refuses_to_include_only_another_account" {
  command = plan
  module {
    source = "./modules/workflow"
  }
  variables {
    scope = { include = [{ name = "another", accounts = ["999988887777"] }] }
  }
  expect_failures = [aws_sfn_state_machine.intake]
}

run "refuses_to_exclude_the_only_account" {
  command = plan
  module {
    source = "./modules/workflow"
  }
  variables {
    scope = { exclude = [{ name = "ours", accounts = ["111122223333"] }] }
  }
  expect_failures = [aws_sfn_state_machine.intake]
}

run "takes_another_account_where_members_forward" {
  command = plan
  module {
    source = "./modules/workflow"
  }
  variables {
    spokes = { organization = { id = "o-a1b2c3d4e5" } }
    scope  = { include = [{ name = "another", accounts = ["999988887777"] }] }
  }

  assert {
    condition     = contains(keys(aws_lambda_function.this["parse_event"].environment[0].variables), "SCOPE")
    error_message = "The function must have the rules."
  }
}

run "findings_are_no_events_by_default" {
  command = plan
  module {
    source = "./modules/workflow"
  }

  assert {
    condition     = length(aws_iam_role_policy.finding_events) == 0 && !contains(keys(aws_lambda_function.this["reconcile"].environment[0].variables), "FINDING_BUS")
    error_message = "Nothing may put events of findings unasked."
  }
}

run "findings_are_events_on_the_bus_of_results" {
  command = plan
  module {
    source = "./modules/workflow"
  }
  variables {
    finding_events = true
    result_bus_arn = "arn:aws:events:eu-central-1:111122223333:event-bus/hub"
  }

  assert {
    condition     = aws_lambda_function.this["reconcile"].environment[0].variables["FINDING_BUS"] == var.result_bus_arn && length(aws_iam_role_policy.finding_events) == 1
    error_message = "The reconciliation must know the bus, and may put events there."
  }
}
