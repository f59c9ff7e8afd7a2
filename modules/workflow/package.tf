locals {
  functions_dir = "${path.module}/../../functions"
  built_zip     = "dist/image_scan.zip"

  # Of the sources and not of the zip: a plan then needs no zip, and is the same on every machine.
  # What is installed is pinned by hash in requirements.txt, so the sources determine the zip.
  sources = setunion(
    fileset(local.functions_dir, "*.{py,txt}"),
    fileset(local.functions_dir, "image_scan/**/*.py"),
  )
  sources_hash = base64sha256(join("\n", [
    for file in sort(local.sources) : "${file} ${filesha256("${local.functions_dir}/${file}")}"
  ]))

  package = (
    var.lambda_package == null ? {
      filename          = "${local.functions_dir}/${local.built_zip}"
      hash              = local.sources_hash
      s3_bucket         = null
      s3_key            = null
      s3_object_version = null
    } :
    var.lambda_package.path != null ? {
      filename          = var.lambda_package.path
      hash              = filebase64sha256(var.lambda_package.path)
      s3_bucket         = null
      s3_key            = null
      s3_object_version = null
    } :
    {
      filename          = null
      hash              = null
      s3_bucket         = var.lambda_package.s3.bucket
      s3_key            = var.lambda_package.s3.key
      s3_object_version = var.lambda_package.s3.version
    }
  )
}

# Builds the zip during apply, because the plan may have run in another container.
resource "terraform_data" "package" {
  count = var.lambda_package == null ? 1 : 0

  # The prefix too: new functions need the zip, also where it was not built before.
  triggers_replace = [local.sources_hash, var.name_prefix]

  provisioner "local-exec" {
    command     = "python3 package.py --output ${local.built_zip}"
    working_dir = local.functions_dir
  }
}
