output "event_pattern" {
  description = "Which events are deployments, as JSON; for rules elsewhere that forward them."
  value       = local.event_pattern
}

output "rule_arn" {
  description = "ARN of the rule that starts the intake."
  value       = aws_cloudwatch_event_rule.ecs.arn
}

output "hub" {
  description = "Where spokes forward to: account, region and ARN of the hub bus, with the event pattern, the organization that may, and what `members` says; null when nobody may. The same is in the parameter `/image-scan/<name_prefix>/installation`."
  value       = local.hub
  # A target on the bus is refused while the policy is not there.
  depends_on = [aws_cloudwatch_event_bus_policy.hub]
}

output "hub_bus_arn" {
  description = "ARN of the hub bus; null without one. It depends on nothing of `members`."
  value       = one(aws_cloudwatch_event_bus.hub[*].arn)
}

output "forwarded_rule_arn" {
  description = "ARN of the rule that starts the intake from the hub bus; null without one."
  value       = one(aws_cloudwatch_event_rule.forwarded[*].arn)
}

output "role_arn" {
  description = "ARN of the role that EventBridge starts the intake with."
  value       = aws_iam_role.start_intake.arn
}

output "undelivered_events_queue" {
  description = "Name, URL and ARN of the queue of events that did not reach the intake."
  value = {
    name = aws_sqs_queue.undelivered.name
    url  = aws_sqs_queue.undelivered.url
    arn  = aws_sqs_queue.undelivered.arn
  }
}

output "trail_arn" {
  description = "ARN of the trail; null when none was created."
  value       = one(aws_cloudtrail.this[*].arn)
}

output "trail_bucket" {
  description = "Name of the trail's bucket; null when none was created."
  value       = one(aws_s3_bucket.trail[*].id)
}
