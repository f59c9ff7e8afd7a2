output "intake_state_machine_arn" {
  description = "ARN of the state machine that takes each ECS event."
  value       = module.workflow.intake_state_machine_arn
}

output "scan_state_machine_arn" {
  description = "ARN of the state machine that scans one image."
  value       = module.workflow.scan_state_machine_arn
}

output "function_names" {
  description = "Names of the Lambda functions, by step."
  value       = module.workflow.function_names
}

output "cache_table" {
  description = "Name and ARN of the DynamoDB table of leases and verdicts."
  value       = module.cache.table
}

output "inventory_table" {
  description = "Name and ARN of the inventory's table: which image runs where."
  value       = module.cache.inventory
}

output "topic_arns" {
  description = "ARNs of the SNS topics of notifications and alarms, by who subscribes: people (e-mail), phones (SMS), chat (Amazon Q Developer in chat applications) and machines (SQS, Lambda, HTTPS; JSON)."
  value       = module.workflow.topic_arns
}

output "failed_events_queue" {
  description = "Name, URL and ARN of the queue of events that could not be processed."
  value       = module.workflow.failed_events_queue
}

output "undelivered_events_queue" {
  description = "Name, URL and ARN of the queue of events that EventBridge could not hand to the intake."
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
  description = "ARNs of the roles that the installation itself works with: of the functions by step, of the machines (intake, scan), and of EventBridge (events)."
  value = merge(
    module.workflow.function_role_arns,
    module.workflow.state_machine_role_arns,
    { events = module.event_detection.role_arn },
  )
}

output "rule_arns" {
  description = "ARNs of the EventBridge rules: ecs_deployments starts the intake, as forwarded_deployments does for spokes (null without), scan_ended reports broken scans."
  value = {
    ecs_deployments       = module.event_detection.rule_arn
    forwarded_deployments = module.event_detection.forwarded_rule_arn
    scan_ended            = module.workflow.scan_ended_rule_arn
  }
}

output "hub" {
  description = "What modules/regional-spoke and modules/org-spoke need to forward to here; null unless spokes are announced."
  value       = module.event_detection.hub
}

output "event_pattern" {
  description = "Which events are deployments, as JSON."
  value       = module.event_detection.event_pattern
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts everything stored."
  value       = module.encryption.kms_key_arn
}

output "trail" {
  description = "ARN and bucket of the trail; null values when none was created."
  value = {
    arn    = module.event_detection.trail_arn
    bucket = module.event_detection.trail_bucket
  }
}

output "qualys_gateway_url" {
  description = "Base URL of the Qualys API that the functions call."
  value       = module.workflow.qualys_gateway_url
}
