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
  target = aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-deployment-gate" }
}
override_resource {
  target = aws_cloudwatch_log_group.function
  values = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/test-scan-deployment-gate" }
}
override_resource {
  target = aws_iam_role.function
  values = { arn = "arn:aws:iam::111122223333:role/test-scan-deployment-gate-eu-central-1" }
}
override_resource {
  target = aws_iam_role.hook
  values = { arn = "arn:aws:iam::111122223333:role/test-scan-deployment-gate-hook-eu-central-1" }
}
override_resource {
  target = aws_iam_role_policy.function
}
override_resource {
  target = aws_iam_role_policy.hook
}
override_resource {
  target = aws_cloudwatch_metric_alarm.function
}
override_resource {
  target = aws_cloudwatch_metric_alarm.undecided
}

variables {
  name_prefix              = "test-scan"
  cache_table              = { name = "test-scan-cache", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/test-scan-cache" }
  state_table              = { name = "test-scan-state", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/test-scan-state" }
  intake_state_machine_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:test-scan-intake"
  result_bus_arn           = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
  topic_arns               = { people = "arn:aws:sns:eu-central-1:111122223333:people", machines = "arn:aws:sns:eu-central-1:111122223333:machines" }
  table_policy             = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Sid\": \"ReadVerdicts\", \"Effect\": \"Allow\", \"Action\": \"dynamodb:GetItem\", \"Resource\": \"arn:aws:dynamodb:eu-central-1:111122223333:table/test-scan-cache\"}]}"
  members                  = { environment = {}, policy = "{\"Version\": \"2012-10-17\", \"Statement\": []}" }
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/1"
  code                     = { filename = "image_scan.zip", hash = "hash", runtime = "python3.12", architecture = "arm64", version = "1.2.3" }
}

run "audits_by_default" {
  module {
    source = "./modules/deployment-gate"
  }

  assert {
    condition = jsonencode(aws_lambda_function.this.environment[0].variables) == jsonencode({
      INSTALLATION_VERSION     = "1.2.3"
      LOG_LEVEL                = "INFO"
      NAME_PREFIX              = "test-scan"
      CACHE_TABLE              = "test-scan-cache"
      STATE_TABLE              = "test-scan-state"
      INTAKE_STATE_MACHINE_ARN = "arn:aws:states:eu-central-1:111122223333:stateMachine:test-scan-intake"
      RESULT_BUS               = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
      TOPIC_ARNS               = jsonencode(var.topic_arns)
      GATE_MODE                = "audit"
      GATE_POLICY              = jsonencode({ min_severity = "high", only_exploited = false, only_fixable = false })
      GATE_ON_UNDECIDED        = "allow"
      GATE_DEADLINE_MINUTES    = "60"
      GATE_ROLLBACK_DAYS       = "7"
      GATE_HOOK = jsonencode({
        targetType           = "AWS_LAMBDA"
        roleArn              = "arn:aws:iam::111122223333:role/test-scan-deployment-gate-hook-eu-central-1"
        lifecycleStages      = ["PRE_SCALE_UP", "POST_SCALE_UP"]
        timeoutConfiguration = { timeoutInMinutes = 70, action = "CONTINUE" }
      })
    })
    error_message = "The function must have the defaults in its environment, in the names that the code reads."
  }
  assert {
    condition     = aws_lambda_function.this.function_name == "test-scan-deployment-gate" && aws_lambda_function.this.handler == "image_scan.handlers.deployment_gate.handler" && aws_cloudwatch_log_group.function.name == "/aws/lambda/test-scan-deployment-gate"
    error_message = "The function must have the names that the operator's tool looks for."
  }
  assert {
    condition = output.lifecycle_hook == {
      hook_target_arn       = "arn:aws:lambda:eu-central-1:111122223333:function:test-scan-deployment-gate"
      role_arn              = "arn:aws:iam::111122223333:role/test-scan-deployment-gate-hook-eu-central-1"
      lifecycle_stages      = ["PRE_SCALE_UP", "POST_SCALE_UP"]
      timeout_configuration = { timeout_in_minutes = 70, action = "CONTINUE" }
    }
    error_message = "Without an answer, ECS must let a deployment go on by default."
  }
  assert {
    condition = (
      jsondecode(output.aws_cli).lifecycleHooks[0].hookTargetArn == output.hook_target_arn &&
      jsonencode(jsondecode(output.aws_cli).lifecycleHooks[0].timeoutConfiguration) == jsonencode({ timeoutInMinutes = 70, action = "CONTINUE" }) &&
      jsonencode(yamldecode(output.cloudformation).LifecycleHooks[0]) == jsonencode({
        HookTargetArn        = output.hook_target_arn
        LifecycleStages      = output.lifecycle_hook.lifecycle_stages
        RoleArn              = output.hook_role_arn
        TargetType           = "AWS_LAMBDA"
        TimeoutConfiguration = { Action = "CONTINUE", TimeoutInMinutes = 70 }
      })
    )
    error_message = "The AWS CLI and CloudFormation must get the same hook."
  }
  assert {
    condition     = jsonencode(sort(flatten([for each in jsondecode(data.aws_iam_policy_document.hook.json).Statement : each.Action]))) == jsonencode(["lambda:InvokeFunction"]) && contains(jsondecode(data.aws_iam_policy_document.hook.json).Statement[0].Resource, output.hook_target_arn)
    error_message = "ECS may invoke the gate, and nothing else."
  }
  assert {
    condition     = jsondecode(data.aws_iam_policy_document.trust_ecs.json).Statement[0].Principal.Service == "ecs.amazonaws.com"
    error_message = "ECS must be able to assume the role."
  }
  assert {
    condition = jsonencode(sort(flatten([for each in jsondecode(data.aws_iam_policy_document.function.json).Statement : each.Action]))) == jsonencode([
      "dynamodb:GetItem", "ecr:BatchGetImage", "ecr:DescribeImages", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions",
      "ecs:DescribeTaskDefinition", "ecs:ListServiceDeployments", "ecs:ListTagsForResource", "events:PutEvents", "kms:Decrypt",
      "kms:DescribeKey", "kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents", "sns:Publish", "states:StartExecution",
    ])
    error_message = "The gate may read, ask for scans and announce, and nothing else."
  }
  assert {
    condition     = contains([for each in jsondecode(data.aws_iam_policy_document.function.json).Statement : each.Sid], "ReadVerdicts")
    error_message = "The gate must have the given policy of the tables."
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.function)) == toset(["errors", "crashes", "throttles"]) && aws_cloudwatch_metric_alarm.undecided.threshold == 0.5 && aws_cloudwatch_metric_alarm.undecided.statistic == "Average"
    error_message = "Errors and undecided deployments must raise an alarm."
  }
}

run "enforces" {
  module {
    source = "./modules/deployment-gate"
  }
  variables {
    mode             = "enforce"
    on_undecided     = "block"
    deadline_minutes = 1440
    rollback_days    = 0
    policy           = { min_severity = "critical", only_exploited = true }
    scope            = { exclude = [{ name = "opted out", tags = { image-scan = "skip" }, allow_at_gate = true }] }
    members          = { environment = { HUB_ACCOUNT_ID = "111122223333" }, policy = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Sid\": \"ReadOrganization\", \"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Resource\": \"*\"}]}" }
  }

  assert {
    condition     = output.lifecycle_hook.timeout_configuration == { timeout_in_minutes = 1440, action = "ROLLBACK" }
    error_message = "Without an answer, ECS must roll back where undecided images are blocked, after 24 hours at most."
  }
  assert {
    condition = (
      aws_lambda_function.this.environment[0].variables["GATE_MODE"] == "enforce" &&
      aws_lambda_function.this.environment[0].variables["GATE_ROLLBACK_DAYS"] == "0" &&
      aws_lambda_function.this.environment[0].variables["GATE_POLICY"] == jsonencode({ min_severity = "critical", only_exploited = true, only_fixable = false }) &&
      aws_lambda_function.this.environment[0].variables["HUB_ACCOUNT_ID"] == "111122223333"
    )
    error_message = "The inputs must reach the function."
  }
  assert {
    condition     = contains([for each in jsondecode(data.aws_iam_policy_document.function.json).Statement : each.Sid], "ReadOrganization")
    error_message = "The gate of a hub must read members."
  }
  assert {
    condition = (
      jsondecode(aws_lambda_function.this.environment[0].variables["SCOPE"]).exclude[0].allow_at_gate &&
      contains([for each in jsondecode(data.aws_iam_policy_document.function.json).Statement : each.Sid], "ReadWorkloadTags")
    )
    error_message = "The gate must have the rules, and read the tags that a rule names."
  }
}

run "members_may_invoke_it" {
  command = plan
  module {
    source = "./modules/deployment-gate"
  }
  variables {
    members = { environment = {}, policy = "{\"Version\": \"2012-10-17\", \"Statement\": []}", organization = { id = "o-abcdefghij" }, accounts = null }
  }

  assert {
    condition     = aws_lambda_permission.organization[0].principal_org_id == "o-abcdefghij" && length(aws_lambda_permission.account) == 0
    error_message = "Roles of the organization alone must be let in."
  }
}

run "listed_members_may_invoke_it" {
  command = plan
  module {
    source = "./modules/deployment-gate"
  }
  variables {
    members = { environment = {}, policy = "{\"Version\": \"2012-10-17\", \"Statement\": []}", organization = null, accounts = { ids = ["444455556666"] } }
  }

  assert {
    condition     = aws_lambda_permission.account["444455556666"].principal == "444455556666" && length(aws_lambda_permission.organization) == 0
    error_message = "Roles of listed accounts alone must be let in."
  }
}

run "names_path_boundary_and_tags" {
  command = plan
  module {
    source = "./modules/deployment-gate"
  }
  variables {
    iam_path                 = "/security/"
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
    tags                     = { team = "security" }
    network                  = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }, https_proxy = "http://proxy:3128", no_proxy = "localhost" }
    log                      = { level = "WARNING", retention_days = 30 }
  }

  assert {
    condition = alltrue([for role in [aws_iam_role.function, aws_iam_role.hook] :
      role.path == "/security/" && role.permissions_boundary == var.permissions_boundary_arn && role.tags == tomap({ team = "security" })
    ])
    error_message = "Every role must have path, boundary and tags."
  }
  assert {
    condition     = aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-1"]) && aws_lambda_function.this.environment[0].variables["HTTPS_PROXY"] == "http://proxy:3128" && length(aws_iam_role_policy.network) == 1
    error_message = "The function must run in the VPC, behind the proxy."
  }
  assert {
    condition     = aws_cloudwatch_log_group.function.retention_in_days == 30 && aws_cloudwatch_metric_alarm.undecided.tags == tomap({ team = "security" })
    error_message = "The logs must expire, and alarms have tags."
  }
}

run "refuses_another_mode" {
  command = plan
  module {
    source = "./modules/deployment-gate"
  }
  variables {
    mode = "block"
  }
  expect_failures = [var.mode]
}

run "refuses_another_severity" {
  command = plan
  module {
    source = "./modules/deployment-gate"
  }
  variables {
    policy = { min_severity = "urgent" }
  }
  expect_failures = [var.policy]
}

run "refuses_a_deadline_that_ecs_does_not_wait_for" {
  command = plan
  module {
    source = "./modules/deployment-gate"
  }
  variables {
    deadline_minutes = 1441
  }
  expect_failures = [var.deadline_minutes]
}

run "refuses_another_end" {
  command = plan
  module {
    source = "./modules/deployment-gate"
  }
  variables {
    on_undecided = "wait"
  }
  expect_failures = [var.on_undecided]
}

run "refuses_days_that_ecs_does_not_remember" {
  command = plan
  module {
    source = "./modules/deployment-gate"
  }
  variables {
    rollback_days = 91
  }
  expect_failures = [var.rollback_days]
}
