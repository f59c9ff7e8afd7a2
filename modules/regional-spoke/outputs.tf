output "rule_arn" {
  description = "ARN of the rule that forwards events."
  value       = aws_cloudwatch_event_rule.forward.arn
}

output "forward_role_arn" {
  description = "ARN of the role with which EventBridge forwards events."
  value       = aws_iam_role.forward.arn
}

output "describe_role_arn" {
  description = "ARN of the role with which the hub reads this account; null if none was created."
  value       = one(aws_iam_role.describe[*].arn)
}

output "unforwarded_events_queue" {
  description = "Name, URL and ARN of the queue of events that did not reach the hub."
  value = {
    name = aws_sqs_queue.unforwarded.name
    url  = aws_sqs_queue.unforwarded.url
    arn  = aws_sqs_queue.unforwarded.arn
  }
}

output "trail_arn" {
  description = "ARN of the created trail; null if none was created."
  value       = one(aws_cloudtrail.this[*].arn)
}
