locals {
  qualys_secret_arn = (
    var.qualys_secret == null ? aws_secretsmanager_secret.qualys[0].arn : var.qualys_secret.arn
  )
  read_secret_arns = concat([local.qualys_secret_arn], aws_secretsmanager_secret.ca_bundle[*].arn)
}

# The provider adds a new suffix to the name each time. A deleted secret reserves its name during its recovery
# window, and the same installation must be possible again before that window ends.
resource "aws_secretsmanager_secret" "qualys" {
  # checkov:skip=CKV2_AWS_57: no function can get a new credential from Qualys; the functions read a rotated one
  count = var.qualys_secret == null ? 1 : 0

  name_prefix             = "${var.name_prefix}-qualys-"
  description             = "Qualys credential of ${var.name_prefix}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 7
  tags                    = var.tags
}

# Write-only: the credential is sent to Secrets Manager and stored in neither plan nor state.
resource "aws_secretsmanager_secret_version" "qualys" {
  count = var.qualys_secret == null ? 1 : 0

  secret_id = aws_secretsmanager_secret.qualys[0].id
  secret_string_wo = jsonencode({
    for name, value in var.qualys_credentials : name => value if value != null && value != ""
  })
  secret_string_wo_version = var.qualys_credentials_version
  # The version has a second label. Without it, the version would have no label after two rotations and be
  # deleted. The next apply would then overwrite the rotated credential.
  version_stages = ["AWSCURRENT", "terraform"]

  lifecycle {
    ignore_changes = [version_stages]
  }
}

# The certificates are not secret. Secrets Manager stores 64 KB (a parameter 8, an environment 4), and a closed
# network lets the functions reach it already, for the credential.
resource "aws_secretsmanager_secret" "ca_bundle" {
  # checkov:skip=CKV2_AWS_57: the operator gives the certificates; there is nothing to rotate
  count = var.network.ca_bundle == null ? 0 : 1

  name_prefix             = "${var.name_prefix}-ca-bundle-"
  description             = "Certificates that ${var.name_prefix} trusts for Qualys"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 7
  tags                    = var.tags
}

# Functions read exactly this version. A new version changes their environment, so they start again.
# Text around the certificates is removed, because Python refuses comments that are not ASCII.
resource "aws_secretsmanager_secret_version" "ca_bundle" {
  count = var.network.ca_bundle == null ? 0 : 1

  secret_id     = aws_secretsmanager_secret.ca_bundle[0].id
  secret_string = join("\n", regexall("-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----", var.network.ca_bundle.pem))
}
