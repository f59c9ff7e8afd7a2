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
  value       = module.unforwarded.queue
}

output "lifecycle_hook" {
  description = "The arguments of `lifecycle_hook` in `deployment_configuration` of an `aws_ecs_service` of this account and region; null without `create_gate_role`."
  value       = var.create_gate_role ? merge(var.hub.deployment_gate, { role_arn = aws_iam_role.gate_hook[0].arn }) : null
  # ECS may call the function only when the role has the permission.
  depends_on = [aws_iam_role_policy.gate_hook]
}
