# What the roles of the functions may do. workflow.tftest.hcl has the functions, the machines and the alarms.
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
      "check_cache ListWorkload test-scan-inventory Query of any",
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
    condition     = aws_lambda_function.this["reconcile"].environment[0].variables["OWNER_TOPICS"] == "{\"payments\":{},\"shop\":{}}"
    error_message = "The function that counts by team must know which teams have a topic, and no topic."
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
      KeepFailedEvents = jsonencode([["sqs:SendMessage"], [module.failed_events.queue.arn], ""])
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
