output "kms_key_arn" {
  description = "ARN of the key that encrypts everything: the created key, or the given one."
  value       = var.kms_key == null ? aws_kms_key.this[0].arn : var.kms_key.arn
}
