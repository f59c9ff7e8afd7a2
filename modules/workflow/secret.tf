locals {
  qualys_secret_arn = (
    var.qualys_secret == null ? aws_secretsmanager_secret.qualys[0].arn : var.qualys_secret.arn
  )
  read_secret_arns = concat([local.qualys_secret_arn], aws_secretsmanager_secret.ca_bundle[*].arn)
}

# The suffix that the provider adds makes the name new each time: a deleted secret keeps its name
# for the length of its recovery window, and an installation must be repeatable before that ends.
resource "aws_secretsmanager_secret" "qualys" {
  # checkov:skip=CKV2_AWS_57: Qualys cannot be asked for a new credential; a rotated one is picked up
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
  # A label of its own: after two rotations the version would have none left and be gone, and the
  # next apply would write the credential at hand over the rotated one.
  version_stages = ["AWSCURRENT", "terraform"]

  lifecycle {
    ignore_changes = [version_stages]
  }
}

# Nothing secret, but Secrets Manager takes 64 KB (a parameter 8, an environment 4), and a closed
# network reaches it already, for the credential.
resource "aws_secretsmanager_secret" "ca_bundle" {
  # checkov:skip=CKV2_AWS_57: certificates are what the operator gives
  count = var.network.ca_bundle == null ? 0 : 1

  name_prefix             = "${var.name_prefix}-ca-bundle-"
  description             = "Certificates that ${var.name_prefix} trusts for Qualys"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 7
  tags                    = var.tags
}

# Functions read exactly this version; a new one changes their environment, so that they start again.
# What stands around the certificates is left out: Python takes no comment that is not ASCII.
resource "aws_secretsmanager_secret_version" "ca_bundle" {
  count = var.network.ca_bundle == null ? 0 : 1

  secret_id     = aws_secretsmanager_secret.ca_bundle[0].id
  secret_string = join("\n", regexall("-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----", var.network.ca_bundle.pem))
}
