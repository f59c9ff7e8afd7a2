output "intake_state_machine_arn" {
  description = "ARN of the state machine that processes each ECS event. An event source starts it."
  value       = aws_sfn_state_machine.intake.arn
  # Events may start the machine only when its executions have all permissions.
  depends_on = [aws_iam_role_policy.function, aws_secretsmanager_secret_version.qualys]
}

output "scan_state_machine_arn" {
  description = "ARN of the state machine that scans one image."
  value       = aws_sfn_state_machine.scan.arn
}

output "function_names" {
  description = "Names of the Lambda functions, by step."
  value       = { for name, function in aws_lambda_function.this : name => function.function_name }
}

output "failed_events_queue" {
  description = "Name, URL and ARN of the queue of events that could not be processed."
  value       = module.failed_events.queue
}

output "qualys_secret_arn" {
  description = "ARN of the secret that holds the Qualys credential: the created secret, or the given one."
  value       = local.qualys_secret_arn
}

output "function_role_arns" {
  description = "ARNs of the functions' roles, by step."
  value       = { for name, role in aws_iam_role.function : name => role.arn }
}

output "state_machine_role_arns" {
  description = "ARNs of the state machines' roles, by machine."
  value       = { for name, role in aws_iam_role.machine : name => role.arn }
}

output "scan_ended_rule_arn" {
  description = "ARN of the rule that reports scans that ended outside their own error handling."
  value       = aws_cloudwatch_event_rule.scan_ended.arn
}

output "qualys_gateway_url" {
  description = "Base URL of the Qualys API that the functions call."
  value       = local.qualys_environment.QUALYS_GATEWAY_URL
}

output "members" {
  description = "What a member account needs to trust this installation. `describe_principal_arns` are the roles to trust. Then follow name, path and external id of the member's describe role. `registry_role_name` is the path and name of the role that the Registry Sensor assumes there."
  value = {
    describe_principal_arns = [for name in concat(["parse_event", "reconcile", "send_notification"], keys(local.security_hub_functions)) : aws_iam_role.function[name].arn]
    describe_role_name      = local.describe_role_name
    describe_external_id    = local.describe_external_id
    iam_path                = var.iam_path
    registry_role_name      = local.registry_role_name
  }
}

output "member_access" {
  description = "How a function reads member accounts: variables of its environment, and the policy that lets it assume their describe roles. Both are empty without members. `organization` and `accounts` are the members, as in `spokes`."
  value = {
    environment  = local.members_environment
    policy       = data.aws_iam_policy_document.read_members.json
    organization = var.spokes.organization
    accounts     = var.spokes.accounts
  }
}

output "gate_table_policy" {
  description = "The policy, as JSON, that lets the function of modules/deployment-gate read verdicts and exceptions."
  value       = data.aws_iam_policy_document.use_tables["deployment_gate"].json
}

output "result_bus_arn" {
  description = "ARN of the event bus that gets the events of results."
  value       = local.result_bus_arn
}

output "import_function" {
  description = "Name and ARN of the function that imports findings into Security Hub; null without `security_hub`."
  value = one([
    for function in [for name, each in aws_lambda_function.this : each if name == "import_findings"] :
    { name = function.function_name, arn = function.arn }
  ])
  # Lambda checks that the function's role may send to the queue of failed events.
  depends_on = [aws_iam_role_policy.function]
}
