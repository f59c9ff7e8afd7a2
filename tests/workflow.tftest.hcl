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
  target = aws_sqs_queue.failed_events
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
  target = aws_cloudwatch_metric_alarm.queue
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
      for function in aws_lambda_function.this :
      function.runtime == "python3.12" && function.architectures == tolist(["arm64"]) && function.memory_size == 256 &&
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
    condition     = toset(output.steps) == toset(keys(output.function_names))
    error_message = "The steps that are known ahead must be those that have a function."
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

run "function_policies" {
  module {
    source = "./modules/workflow"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function["parse_event"].policy).Statement :
      statement.Resource if statement.Sid == "ResolveImages"
    ] == ["arn:aws:ecr:*:*:repository/*"]
    error_message = "A repository of another account is read where its own policy lets us in, for which ours must allow it, too."
  }

  assert {
    condition = jsonencode({
      for key, policy in aws_iam_role_policy.function : key => sort(distinct([
        for action in flatten([for statement in jsondecode(policy.policy).Statement : statement.Action]) :
        action if !startswith(action, "logs:") && !startswith(action, "kms:")
      ]))
      }) == jsonencode({
      parse_event  = ["ecr:BatchGetImage", "ecr:DescribeImages", "ecs:DescribeTaskDefinition"]
      check_cache  = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      get_registry = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem", "secretsmanager:GetSecretValue"]
      submit_scan  = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem", "secretsmanager:GetSecretValue"]
      check_status = ["secretsmanager:GetSecretValue"]
      get_results  = ["secretsmanager:GetSecretValue"]
      send_notification = [
        "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem", "ecr:ListTagsForResource",
        "ecs:ListTagsForResource", "events:PutEvents", "sns:Publish", "sqs:SendMessage",
      ]
      reassess = ["dynamodb:GetItem", "lambda:InvokeFunction", "secretsmanager:GetSecretValue"]
      reconcile = [
        "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
        "ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:ListClusters", "ecs:ListTasks", "lambda:InvokeFunction",
        "secretsmanager:GetSecretValue", "sns:Publish",
      ]
    })
    error_message = "Each function may do what its code does and no more."
  }
  assert {
    condition = [
      for pair in flatten([
        for key, policy in aws_iam_role_policy.function : [
          for statement in jsondecode(policy.policy).Statement : "${key} ${statement.Sid}"
          if contains(flatten([statement.Resource]), "*")
        ]
      ]) : pair
      ] == [
      "check_status DecryptCredential", "get_registry DecryptCredential", "get_results DecryptCredential",
      "parse_event DescribeTaskDefinitions", "reassess DecryptCredential", "reconcile DecryptCredential", "reconcile DescribeTaskDefinitions", "reconcile ListClusters", "reconcile ListRunningTasks",
      "submit_scan DecryptCredential",
    ]
    error_message = "Only these may name no resource: ECS has none for it, and a brought secret's key is not known."
  }
  assert {
    condition = alltrue(flatten([
      for policy in aws_iam_role_policy.function : [
        for statement in jsondecode(policy.policy).Statement :
        statement.Condition.StringEquals["kms:EncryptionContext:SecretARN"] == var.qualys_secret.arn
        if statement.Sid == "DecryptCredential"
      ]
    ]))
    error_message = "Decryption with an unknown key must be bound to the one secret."
  }
  assert {
    condition = jsonencode(flatten([
      for key, policy in merge(
        { for key, policy in aws_iam_role_policy.function : key => policy.policy }, { scan = aws_iam_role_policy.scan.policy },
        ) : [
        for statement in jsondecode(policy).Statement : join(" ", concat(
          [key, statement.Sid, split("/", one(flatten([statement.Resource])))[1]],
          sort([for action in flatten([statement.Action]) : trimprefix(action, "dynamodb:")]),
          ["of"], sort(flatten([try(statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"], "any")])),
        ))
        if startswith(flatten([statement.Action])[0], "dynamodb:")
      ]
      ])) == jsonencode([
      "check_cache LeaseImages test-scan-cache GetItem PutItem UpdateItem of ????????????/* sha256:*",
      "check_cache RecordWorkloads test-scan-inventory GetItem UpdateItem of ????????????/* other#* sha256:*",
      "check_cache RecordTasks test-scan-inventory DeleteItem GetItem PutItem Query of tasks#*",
      "get_registry RememberRegistries test-scan-state DeleteItem GetItem UpdateItem of registry#*",
      "reassess ReadVerdicts test-scan-cache GetItem of ????????????/* sha256:*",
      "reconcile ReadVerdicts test-scan-cache GetItem of ????????????/* sha256:*",
      "reconcile ListInventory test-scan-inventory Scan of any",
      "reconcile CloseWorkloads test-scan-inventory UpdateItem of ????????????/* other#* sha256:*",
      "reconcile CloseTasks test-scan-inventory DeleteItem Query of tasks#*",
      "reconcile FindRegistries test-scan-state GetItem of registry#*",
      "reconcile RecordCoverage test-scan-state PutItem of coverage#*",
      "reconcile LimitNotices test-scan-state PutItem of notice#*",
      "reconcile ReportRegisteredFailures test-scan-state GetItem PutItem of registered#*",
      "reconcile ReadExceptions test-scan-state GetItem of exceptions#*",
      "scan FreeLeases test-scan-cache UpdateItem of ????????????/* sha256:*",
      "send_notification RecordVerdicts test-scan-cache GetItem UpdateItem of ????????????/* sha256:*",
      "send_notification RecordFindings test-scan-cache GetItem PutItem of findings#*",
      "send_notification RecordNotified test-scan-inventory GetItem Query UpdateItem of ????????????/* other#* sha256:*",
      "send_notification ListWorkload test-scan-inventory Query of any",
      "send_notification LearnFirstWait test-scan-state UpdateItem of registry#*",
      "send_notification ReturnPermits test-scan-state UpdateItem of permit#*",
      "send_notification LimitNotices test-scan-state PutItem of notice#*",
      "send_notification KeepRegisteredFailures test-scan-state PutItem UpdateItem of registered#*",
      "send_notification ReadExceptions test-scan-state GetItem of exceptions#*",
      "submit_scan ForgetRegistries test-scan-state DeleteItem of registry#*",
      "submit_scan TakePermits test-scan-state PutItem UpdateItem of permit#*",
      "submit_scan ListWaiting test-scan-inventory Query of ????????????/* sha256:*",
    ])
    error_message = "Each role may do what its code does with the keys that its code uses, and no more."
  }
  assert {
    condition = jsonencode([
      for each in jsondecode(output.gate_table_policy).Statement :
      [split("/", each.Resource)[1], each.Action, sort(flatten([each.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]]))]
      ]) == jsonencode([
      ["test-scan-cache", "dynamodb:GetItem", ["findings#*", "sha256:*"]], ["test-scan-state", "dynamodb:GetItem", ["exceptions#*"]],
    ])
    error_message = "The gate must read images, their findings and the exceptions, and nothing else of the tables."
  }
  assert {
    condition = alltrue([
      for key, policy in aws_iam_role_policy.function : length([
        for statement in jsondecode(policy.policy).Statement : statement
        if statement.Sid == "WriteOwnLogs" && statement.Resource == "${aws_cloudwatch_log_group.function[key].arn}:*"
      ]) == 1
    ])
    error_message = "A function may write to its own log group and to no other."
  }
  assert {
    condition     = length(aws_iam_role_policy_attachment.network) + length(aws_iam_role_policy.network) == 0
    error_message = "Outside a VPC no function may make network interfaces."
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
        KeepFailedEvents = [aws_sqs_queue.failed_events.arn]
        InvokeFunctions  = [for key in ["check_cache", "parse_event", "send_notification"] : aws_lambda_function.this[key].arn]
        StartScans       = [aws_sfn_state_machine.scan.arn]
      }
      scan = {
        KeepFailedEvents = [aws_sqs_queue.failed_events.arn]
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
      aws_cloudwatch_event_target.scan_ended.dead_letter_config[0].arn == aws_sqs_queue.failed_events.arn &&
      aws_lambda_permission.scan_ended.source_arn == aws_cloudwatch_event_rule.scan_ended.arn &&
      one(aws_lambda_function_event_invoke_config.send_notification.destination_config[0].on_failure[*].destination) == aws_sqs_queue.failed_events.arn
    )
    error_message = "What is not delivered, and what the function fails at, must be queued."
  }
}

run "queue_and_alarms" {
  module {
    source = "./modules/workflow"
  }

  assert {
    condition = (
      aws_sqs_queue.failed_events.kms_master_key_id == var.kms_key_arn &&
      aws_sqs_queue.failed_events.message_retention_seconds == 14 * 24 * 3600
    )
    error_message = "The queue must be encrypted and keep its messages for 14 days."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_sqs_queue.failed_events.policy).Statement : can(statement.Principal.Service) && length(statement.Condition) > 0
    ])
    error_message = "Only services may send here, each under a condition."
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
      for alarm in concat(values(aws_cloudwatch_metric_alarm.machine), values(aws_cloudwatch_metric_alarm.function), values(aws_cloudwatch_metric_alarm.queue)) :
      alarm.alarm_actions == toset(values(var.topic_arns)) && alarm.threshold == 0
    ])
    error_message = "A single occurrence must raise an alarm at every topic."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.queue["failed-events"].metric_name == "ApproximateNumberOfMessagesVisible" &&
      aws_cloudwatch_metric_alarm.queue["queued-events"].metric_name == "NumberOfMessagesSent" &&
      aws_cloudwatch_metric_alarm.queue["queued-events"].dimensions == tomap({ QueueName = aws_sqs_queue.failed_events.name })
    )
    error_message = "An alarm must go off for each event that is queued, even while another one waits."
  }
  assert {
    condition = {
      for alarm in values(aws_cloudwatch_metric_alarm.function) :
      alarm.alarm_name => "${alarm.namespace} ${alarm.metric_name} ${alarm.dimensions["Installation"]}"
      } == {
      test-scan-refused-result-events = "ImageScan RefusedResultEvents test-scan"
    }
    error_message = "What functions count without failing must be watched by the metrics that they publish."
  }
}

run "teams_have_topics_of_their_own" {
  module {
    source = "./modules/workflow"
  }
  variables {
    owners = {
      topics = {
        payments = { people = "arn:aws:sns:eu-central-1:111122223333:payments", chat = "arn:aws:sns:eu-central-1:111122223333:payments-chat" }
        shop     = { machines = "arn:aws:sns:eu-central-1:111122223333:shop" }
      }
    }
  }

  assert {
    condition = jsondecode(aws_lambda_function.this["send_notification"].environment[0].variables["OWNER_TOPICS"]).payments == {
      people   = "arn:aws:sns:eu-central-1:111122223333:payments"
      phones   = null
      chat     = "arn:aws:sns:eu-central-1:111122223333:payments-chat"
      machines = null
    }
    error_message = "The function must get the topics of each team."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function["send_notification"].policy).Statement :
      [statement.Action, statement.Resource] if try(statement.Sid == "CheckReaders", false)
    ] == [["ecr:BatchGetImage", "arn:aws:ecr:*:*:repository/*"]]
    error_message = "With topics of teams, the function must be able to check who may read an image."
  }
  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.function["send_notification"].policy).Statement :
      statement.Resource if statement.Action == "sns:Publish"
      ])) == toset(concat(values(var.topic_arns), [
      "arn:aws:sns:eu-central-1:111122223333:payments",
      "arn:aws:sns:eu-central-1:111122223333:payments-chat",
      "arn:aws:sns:eu-central-1:111122223333:shop",
    ]))
    error_message = "The function must be allowed to publish to every topic, and to no other."
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
          aws_sfn_state_machine.intake.name, aws_sfn_state_machine.scan.name, aws_sqs_queue.failed_events.name,
          aws_cloudwatch_event_rule.scan_ended.name, aws_cloudwatch_metric_alarm.queue["failed-events"].alarm_name, aws_cloudwatch_metric_alarm.queue["queued-events"].alarm_name, aws_secretsmanager_secret.qualys[0].name_prefix,
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
          aws_sfn_state_machine.intake.tags, aws_sfn_state_machine.scan.tags, aws_sqs_queue.failed_events.tags,
          aws_cloudwatch_event_rule.scan_ended.tags, aws_cloudwatch_metric_alarm.queue["failed-events"].tags, aws_cloudwatch_metric_alarm.queue["queued-events"].tags, aws_secretsmanager_secret.qualys[0].tags,
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

run "uses_a_brought_secret" {
  module {
    source = "./modules/workflow"
  }

  assert {
    condition     = length(aws_secretsmanager_secret.qualys) + length(aws_secretsmanager_secret_version.qualys) == 0
    error_message = "With a secret given, none must be created."
  }
  assert {
    condition = output.qualys_secret_arn == var.qualys_secret.arn && alltrue([
      for key in ["get_registry", "submit_scan", "check_status", "get_results", "reassess", "reconcile"] :
      aws_lambda_function.this[key].environment[0].variables["QUALYS_SECRET_ARN"] == var.qualys_secret.arn
    ])
    error_message = "The functions must get the given secret's ARN."
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
      aws_scheduler_schedule.reconcile[0].target[0].dead_letter_config[0].arn == aws_sqs_queue.failed_events.arn &&
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
      KeepFailedEvents    = ["sqs:SendMessage", aws_sqs_queue.failed_events.arn]
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

run "reads_the_members_of_an_organization" {
  module {
    source = "./modules/workflow"
  }
  variables {
    spokes = { organization = { id = "o-abcdefghij" }, registry_role_name = "security/qualys" }
  }

  assert {
    condition = jsonencode({
      for name, value in aws_lambda_function.this["parse_event"].environment[0].variables : name => value if !contains(["INSTALLATION_VERSION", "LOG_LEVEL", "NAME_PREFIX"], name)
      }) == jsonencode({
      DESCRIBE_EXTERNAL_ID = "test-scan-111122223333"
      DESCRIBE_ROLE_ARN    = "arn:aws:iam::{account}:role/security/test-scan-describe"
      HUB_ACCOUNT_ID       = "111122223333"
      SPOKE_ACCOUNT_IDS    = ""
    })
    error_message = "The first function must know whom to be in a member account."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function["parse_event"].policy).Statement :
      [statement.Action, statement.Resource, statement.Condition.StringEquals["aws:ResourceOrgID"]] if statement.Sid == "ReadOrganization"
    ] == [["sts:AssumeRole", "arn:aws:iam::*:role/security/test-scan-describe", "o-abcdefghij"]]
    error_message = "It may be the describe role of accounts of the organization, and nothing else."
  }
  assert {
    condition     = aws_lambda_function.this["get_registry"].environment[0].variables["SPOKE_REGISTRY_ROLE_ARN"] == "arn:aws:iam::{account}:role/security/qualys"
    error_message = "The sensor must be given the role of the image's account."
  }
  assert {
    condition = output.members == {
      describe_principal_arns = [aws_iam_role.function["parse_event"].arn, aws_iam_role.function["reconcile"].arn, aws_iam_role.function["send_notification"].arn]
      describe_role_name      = "test-scan-describe"
      describe_external_id    = "test-scan-111122223333"
      iam_path                = "/security/"
      registry_role_name      = "security/qualys"
    }
    error_message = "A member must learn whom to trust."
  }
}

run "reads_listed_members" {
  module {
    source = "./modules/workflow"
  }
  variables {
    spokes = { accounts = { ids = ["444455556666", "222233334444"] } }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function["parse_event"].policy).Statement : toset(statement.Resource) if statement.Sid == "ReadMembers"
      ] == [toset([
        "arn:aws:iam::222233334444:role/security/test-scan-describe", "arn:aws:iam::444455556666:role/security/test-scan-describe",
    ])]
    error_message = "It may be the describe role of these accounts alone."
  }
  assert {
    condition = (
      aws_lambda_function.this["parse_event"].environment[0].variables["SPOKE_ACCOUNT_IDS"] == "222233334444 444455556666" &&
      aws_lambda_function.this["get_registry"].environment[0].variables["SPOKE_REGISTRY_ROLE_ARN"] == "arn:aws:iam::{account}:role/sensor"
    )
    error_message = "The functions must know the accounts; the sensor's role is named as here."
  }
}

run "other_regions_are_read_as_ourselves" {
  command = plan
  module {
    source = "./modules/workflow"
  }
  variables {
    spokes = { regional = true }
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.this["parse_event"].environment[0].variables), "DESCRIBE_ROLE_ARN")
    error_message = "Within one account nobody is assumed."
  }
}

run "security_hub_is_off_by_default" {
  command = plan
  module {
    source = "./modules/workflow"
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.this), "import_findings") && output.import_function == null
    error_message = "Nothing of Security Hub may be made unasked."
  }
}

run "findings_go_to_security_hub" {
  module {
    source = "./modules/workflow"
  }
  variables {
    security_hub = true
    spokes       = { accounts = { ids = ["444455556666"] } }
  }

  assert {
    condition     = toset(output.steps) == toset(keys(output.function_names))
    error_message = "The steps that are known ahead must be those that have a function."
  }
  assert {
    condition = (
      aws_lambda_function.this["import_findings"].handler == "image_scan.handlers.import_findings.handler" && aws_lambda_function.this["import_findings"].timeout == 60 &&
      jsonencode({ for name, value in aws_lambda_function.this["import_findings"].environment[0].variables : name => value if !contains(["INSTALLATION_VERSION", "LOG_LEVEL", "NAME_PREFIX"], name) }) == jsonencode({
        ACCOUNT_ID           = "111122223333"
        DESCRIBE_EXTERNAL_ID = "test-scan-111122223333"
        DESCRIBE_ROLE_ARN    = "arn:aws:iam::{account}:role/security/test-scan-describe"
        HUB_ACCOUNT_ID       = "111122223333"
        PRODUCT_ARN          = "arn:aws:securityhub:eu-central-1:{account}:product/{account}/default"
        SPOKE_ACCOUNT_IDS    = "444455556666"
        STATE_TABLE          = "test-scan-state"
      })
    )
    error_message = "The function must know as whom to import, and where to remember it."
  }
  assert {
    condition     = output.import_function == { name = "test-scan-import-findings", arn = aws_lambda_function.this["import_findings"].arn }
    error_message = "The function must be known to those who send it events."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.function["import_findings"].policy).Statement : statement.Sid => jsonencode([
        flatten([statement.Action]), flatten([statement.Resource]), try(statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"], ""),
      ]) if statement.Sid != "UseKeyThroughServices" && statement.Sid != "WriteOwnLogs"
      } == {
      ImportFindings   = jsonencode([["securityhub:BatchImportFindings"], ["arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default"], ""])
      KeepFailedEvents = jsonencode([["sqs:SendMessage"], [aws_sqs_queue.failed_events.arn], ""])
      ReadMembers      = jsonencode([["sts:AssumeRole"], ["arn:aws:iam::444455556666:role/security/test-scan-describe"], ""])
      RememberFindings = jsonencode([["dynamodb:PutItem", "dynamodb:GetItem"], [var.state_table.arn], "security-hub#*"])
    }
    error_message = "It may import into this account, be the describe role elsewhere, and remember what it has sent: nothing else."
  }
  assert {
    condition     = length(output.members.describe_principal_arns) == 4
    error_message = "Members must learn to trust the function that imports."
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

run "reads_tags_where_a_rule_names_one" {
  command = plan
  module {
    source = "./modules/workflow"
  }
  variables {
    scope = { exclude = [{ name = "opted out", tags = { image-scan = "skip" } }] }
  }

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.read_workload_tags.json).Statement[0].Action == "ecs:ListTagsForResource"
    error_message = "The functions must read the tags of services and task definitions."
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
