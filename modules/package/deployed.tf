# modules/package-record writes which code the functions run, when all of them run it.
# Reads a path, because a path without parameters is valid; reading a single parameter that is missing fails.
data "aws_ssm_parameters_by_path" "deployed" {
  count = var.lambda_package == null ? 1 : 0

  path = local.deployed_path
}

data "aws_lambda_functions" "all" {
  count = var.lambda_package == null ? 1 : 0
}

locals {
  # The path begins with /image-scan/: SSM refuses names that begin with aws or ssm, and a name_prefix may begin so.
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
