mock_provider "aws" {}

variables {
  name_prefix = "test-scan"
  record      = { parameter = "/image-scan/test-scan/package/deployed", hash = "aGFzaA==", build = "2026-01-01T00:00:00Z" }
  deployed    = { intake = "test-scan-intake" }
  tags        = { team = "security" }
}

run "what_runs_is_recorded" {
  command = plan
  module {
    source = "./modules/package-record"
  }

  assert {
    condition = (
      aws_ssm_parameter.this.name == "/image-scan/test-scan/package/deployed" && aws_ssm_parameter.this.type == "String" &&
      aws_ssm_parameter.this.insecure_value == jsonencode({ hash = "aGFzaA==", build = "2026-01-01T00:00:00Z", functions = var.deployed }) &&
      aws_ssm_parameter.this.tags == tomap({ team = "security" })
    )
    error_message = "The parameter must say what runs, and which build it is from."
  }
}
