output "bus" {
  description = "Name and ARN of the bus, and the id of the organization that may forward to it (null without one)."
  value = {
    name            = aws_cloudwatch_event_bus.this.name
    arn             = aws_cloudwatch_event_bus.this.arn
    organization_id = one(var.spokes.organization[*].id)
  }
  # EventBridge refuses a target on the bus until the bus has its policy. Whoever knows the bus can forward at once.
  depends_on = [aws_cloudwatch_event_bus_policy.this]
}
