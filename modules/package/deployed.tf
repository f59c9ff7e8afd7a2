# Which code the functions run, and which build it came from. Only a finished apply writes it, so that
# the next one builds the zip again, on whatever machine, where functions still need it.
resource "aws_ssm_parameter" "deployed" {
  # checkov:skip=CKV2_AWS_34: nothing in it is secret
  # checkov:skip=CKV_AWS_337: nothing in it is secret
  count = var.lambda_package == null ? 1 : 0

  name           = "${local.deployed_path}/deployed"
  description    = "Code that the functions of ${var.name_prefix} run"
  type           = "String"
  insecure_value = jsonencode({ hash = local.hash, build = local.build, functions = var.deployed })
  tags           = var.tags
}

# A list may be empty; a single parameter has to be there.
data "aws_ssm_parameters_by_path" "deployed" {
  count = var.lambda_package == null ? 1 : 0

  path = local.deployed_path
}

data "aws_lambda_functions" "all" {
  count = var.lambda_package == null ? 1 : 0
}

locals {
  # Names of parameters may not begin with aws or ssm, as a prefix may.
  deployed_path = "/image-scan/${var.name_prefix}/package"

  deployed = try(jsondecode(nonsensitive(data.aws_ssm_parameters_by_path.deployed[0].values)[0]), {
    hash = "", build = "", functions = {}
  })
  complete = (
    local.deployed.hash == local.hash &&
    toset(keys(local.deployed.functions)) == toset(var.functions) &&
    length(setsubtract(values(local.deployed.functions), try(data.aws_lambda_functions.all[0].function_names, []))) == 0
  )
  build = local.complete ? local.deployed.build : plantimestamp()
}
