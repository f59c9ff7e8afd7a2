output "intake_state_machine_arn" {
  description = "ARN of the state machine that processes each ECS event."
  value       = module.workflow.intake_state_machine_arn
}

output "scan_state_machine_arn" {
  description = "ARN of the state machine that scans one image."
  value       = module.workflow.scan_state_machine_arn
}

output "function_names" {
  description = "Names of the Lambda functions, by step."
  value       = local.function_names
}

output "cache_table" {
  description = "Name and ARN of the DynamoDB table that stores leases and verdicts."
  value       = module.cache.table
}

output "inventory_table" {
  description = "Name and ARN of the DynamoDB table that stores the inventory: which image runs where."
  value       = module.inventory.table
}

output "state_table" {
  description = "Name and ARN of the DynamoDB table that stores what the installation remembers about itself: registries, running scans, exceptions and the course of coverage."
  value       = module.state.table
}

output "topic_arns" {
  description = "ARNs of the SNS topics of notifications and alarms, by kind of reader: people (e-mail), phones (SMS), chat (Amazon Q Developer in chat applications) and machines (SQS, Lambda, HTTPS; JSON)."
  value       = module.notifications.topic_arns
}

output "failed_events_queue" {
  description = "Name, URL and ARN of the queue of events that could not be processed."
  value       = module.workflow.failed_events_queue
}

output "undelivered_events_queue" {
  description = "Name, URL and ARN of the queue of events that EventBridge could not deliver to the intake."
  value       = module.event_detection.undelivered_events_queue
}

output "qualys_secret_arn" {
  description = "ARN of the secret that holds the Qualys credential."
  value       = module.workflow.qualys_secret_arn
}

output "registry_role_arn" {
  description = "ARN of the role that the Qualys Registry Sensor assumes."
  value       = module.iam_role.role_arn
}

output "role_arns" {
  description = "ARNs of the roles that the installation uses: those of the functions by step, of the state machines (intake, scan), and of EventBridge (events)."
  value = merge(
    module.workflow.function_role_arns,
    module.workflow.state_machine_role_arns,
    { events = module.event_detection.role_arn },
    { for gate in module.deployment_gate : "deployment_gate" => gate.function_role_arn },
  )
}

output "rule_arns" {
  description = "ARNs of the EventBridge rules. ecs_deployments starts the intake. forwarded_deployments starts it for spokes; null without spokes. scan_ended reports scans that ended outside their own error handling."
  value = {
    ecs_deployments       = module.event_detection.rule_arn
    forwarded_deployments = module.event_detection.forwarded_rule_arn
    scan_ended            = module.workflow.scan_ended_rule_arn
  }
}

output "hub" {
  description = "What modules/regional-spoke and modules/org-spoke need to forward events to this installation; null unless spokes may forward."
  value       = module.event_detection.hub
}

output "event_pattern" {
  description = "The event pattern, as JSON, that selects the events of deployments."
  value       = module.event_detection.event_pattern
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts all stored data."
  value       = module.encryption.kms_key_arn
}

output "trail" {
  description = "ARN and bucket of the created trail; both null if none was created."
  value = {
    arn    = one(module.trail[*].arn)
    bucket = one(module.trail[*].bucket)
  }
}

output "qualys_gateway_url" {
  description = "Base URL of the Qualys API that the functions call."
  value       = module.workflow.qualys_gateway_url
}

output "deployment_gate" {
  description = "What a service needs to have the deployment gate: ARNs of function and role, and the hook for Terraform (`lifecycle_hook`), the AWS CLI (`aws_cli`) and CloudFormation (`cloudformation`); null without `deployment_gate`."
  value       = one(module.deployment_gate)
}
