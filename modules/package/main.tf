locals {
  functions_dir = "${path.module}/../../functions"
  runtime       = "python3.12"
  architecture  = "arm64"
  version       = trimspace(file("${local.functions_dir}/VERSION"))

  # The hash is that of the sources, not of the zip. So a plan needs no zip, and is the same on every machine.
  # requirements.txt pins each package by hash, so the sources determine the zip.
  sources = setunion(
    fileset(local.functions_dir, "*.{py,txt}"),
    fileset(local.functions_dir, "image_scan/**/*.py"),
  )
  hash = base64sha256(join("\n", concat([local.runtime, local.architecture], [
    for file in sort(local.sources) : "${file} ${filesha256("${local.functions_dir}/${file}")}"
  ])))

  # The path is relative to the folder of the root module, where Terraform and the provider run. So two roots
  # share no file, and the path is the same on every machine.
  zip = ".image-scan/${substr(sha256(local.hash), 0, 16)}.zip"

  built = {
    filename          = local.zip
    hash              = local.hash
    s3_bucket         = null
    s3_key            = null
    s3_object_version = null
  }
  brought = var.lambda_package == null ? null : {
    filename          = var.lambda_package.path
    hash              = var.lambda_package.path == null ? null : filebase64sha256(var.lambda_package.path)
    s3_bucket         = try(var.lambda_package.s3.bucket, null)
    s3_key            = try(var.lambda_package.s3.key, null)
    s3_object_version = try(var.lambda_package.s3.version, null)
  }
}

# Builds the zip during apply, because the plan may have run on another machine.
resource "terraform_data" "zip" {
  count = var.lambda_package == null ? 1 : 0

  triggers_replace = [local.hash, local.build]

  provisioner "local-exec" {
    command = (
      local.windows ? "python3 -B \"%SCRIPT%\" --output \"%ZIP%\"" :
      "\"$${PYTHON:-python3}\" -B \"$SCRIPT\" --output \"$ZIP\" || { echo \"$REMEDY\" >&2; exit 1; }"
    )
    environment = {
      SCRIPT = "${local.functions_dir}/package.py"
      ZIP    = local.zip
      REMEDY = "Set PYTHON to a Python from 3.9 up that has pip and reaches a package index. Or run 'make package' where there is one, and set lambda_package to { path = ... }."
    }
    quiet = true
  }
}

locals {
  # On Windows cmd.exe runs the command. It has no syntax for the default of a variable.
  windows = can(regex("^[A-Za-z]:", abspath(path.root)))
}
