output "role_arn" {
  description = "ARN of the role that the Qualys Registry Sensor assumes: the created role, or the given one."
  value       = local.create ? aws_iam_role.this[0].arn : var.registry_role.existing_arn
  # Qualys must not get the role before the role can read ECR.
  depends_on = [aws_iam_role_policy_attachment.read_registry]
}
