# What is built, where and what for. When it is built is tested by real applies: tests/e2e/test_package.py.
mock_provider "aws" {
  mock_data "aws_lambda_functions" {
    defaults = { function_names = ["test-scan-intake", "others"] }
  }
  mock_data "aws_ssm_parameters_by_path" {
    defaults = { values = [] }
  }
}

variables {
  name_prefix = "test-scan"
  functions   = ["intake"]
}

run "an_installation_that_is_new" {
  command = plan
  module {
    source = "./modules/package"
  }

  assert {
    condition     = timecmp(terraform_data.zip[0].triggers_replace[1], plantimestamp()) <= 0
    error_message = "Where no code is known to run, the zip must be built."
  }
  assert {
    condition     = output.code.filename == ".image-scan/${substr(sha256(output.code.hash), 0, 16)}.zip"
    error_message = "The path must show the contents, and no more."
  }
  assert {
    condition = [output.code.runtime, output.code.architecture, output.code.version, output.name_prefix] == [
      "python3.12", "arm64", trimspace(file("functions/VERSION")), "test-scan"
    ]
    error_message = "The code must say what it runs on."
  }
  assert {
    condition     = output.record == { parameter = "/image-scan/test-scan/package/deployed", hash = output.code.hash, build = terraform_data.zip[0].triggers_replace[1] }
    error_message = "The record must say what runs, and which build it is from."
  }
}

run "a_zip_that_is_brought" {
  command = plan
  module {
    source = "./modules/package"
  }
  variables {
    lambda_package = { path = "modules/package/versions.tf" }
  }

  assert {
    condition     = output.code.filename == "modules/package/versions.tf" && output.code.hash == filebase64sha256("modules/package/versions.tf")
    error_message = "The zip must be used as it is, and its contents seen."
  }
  assert {
    condition     = length(terraform_data.zip) + length(data.aws_lambda_functions.all) == 0 && output.record == null
    error_message = "Nothing must be built, noted or asked for."
  }
}

run "an_object_that_is_brought" {
  command = plan
  module {
    source = "./modules/package"
  }
  variables {
    lambda_package = { s3 = { bucket = "artifacts", key = "image_scan.zip", version = "3" } }
  }

  assert {
    condition = (
      [output.code.s3_bucket, output.code.s3_key, output.code.s3_object_version] == ["artifacts", "image_scan.zip", "3"] &&
      output.code.filename == null && output.code.hash == null && length(terraform_data.zip) == 0
    )
    error_message = "An object in S3 must be used as it is, and nothing built."
  }
}
