# Which code the functions run, and which build made it. Only a finished apply writes this parameter. If an apply
# fails, the next apply builds the zip again for the functions that still need it, on any machine.
resource "aws_ssm_parameter" "this" {
  # checkov:skip=CKV2_AWS_34: nothing in it is secret
  # checkov:skip=CKV_AWS_337: nothing in it is secret
  name           = var.record.parameter
  description    = "Code that the functions of ${var.name_prefix} run"
  type           = "String"
  insecure_value = jsonencode({ hash = var.record.hash, build = var.record.build, functions = var.deployed })
  tags           = var.tags
}
