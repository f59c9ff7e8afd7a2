# ECS in a member account invokes the function with a role of that account, which modules/regional-spoke makes.
resource "aws_lambda_permission" "organization" {
  # checkov:skip=CKV_AWS_301: the condition names the organization
  count = var.members.organization == null ? 0 : 1

  statement_id     = "InvokeByOrganization"
  action           = "lambda:InvokeFunction"
  function_name    = aws_lambda_function.this.function_name
  principal        = "*"
  principal_org_id = var.members.organization.id
}

resource "aws_lambda_permission" "account" {
  for_each = var.members.accounts == null ? toset([]) : var.members.accounts.ids

  statement_id  = "InvokeBy${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = each.key
}
