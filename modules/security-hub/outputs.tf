output "rule_arn" {
  description = "ARN of the rule that sends verdicts to the function."
  value       = aws_cloudwatch_event_rule.this.arn
}
