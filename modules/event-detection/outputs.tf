output "event_pattern" {
  description = "Which events are deployments, as JSON; for rules elsewhere that forward them."
  value       = local.event_pattern
}

output "rule_arn" {
  description = "ARN of the rule that starts the intake."
  value       = aws_cloudwatch_event_rule.ecs.arn
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
