output "event_pattern" {
  description = "The event pattern, as JSON, that selects the events of deployments. Rules elsewhere use it to forward them."
  value       = local.event_pattern
}

output "rule_arn" {
  description = "ARN of the rule that starts the intake."
  value       = aws_cloudwatch_event_rule.ecs.arn
}

output "hub" {
  description = "What a spoke needs to forward events: account, region and ARN of the hub bus, the event pattern, the organization that may forward, and the values of `members`. Null if nobody may forward. The parameter `/image-scan/<name_prefix>/installation` holds the same, and the version."
  value       = local.hub
}

output "forwarded_rule_arn" {
  description = "ARN of the rule that starts the intake from the hub bus; null without one."
  value       = one(aws_cloudwatch_event_rule.forwarded[*].arn)
}

output "role_arn" {
  description = "ARN of the role with which EventBridge starts the intake."
  value       = aws_iam_role.start_intake.arn
}

output "undelivered_events_queue" {
  description = "Name, URL and ARN of the queue of events that did not reach the intake."
  value       = module.undelivered.queue
}
