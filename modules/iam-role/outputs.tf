output "role_arn" {
  description = "ARN of the role that the Qualys Registry Sensor assumes: the created one, or the one given."
  value       = local.create ? aws_iam_role.this[0].arn : var.registry_role.existing_arn
  # A role that cannot read ECR yet must not be handed to Qualys.
  depends_on = [aws_iam_role_policy_attachment.read_registry]
}
