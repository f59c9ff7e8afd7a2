"""What an installation is given may be made in the same apply: nothing of it is known at plan."""

import subprocess
from pathlib import Path

from sandbox.terraform import cli_environment, find_terraform
from sandbox.terraform_project import copy_project
from tests.support.provider_mocks import mocked

CONFIGURATION = """
resource "aws_secretsmanager_secret" "this" {}
resource "aws_kms_key" "this" {}
resource "aws_iam_role" "this" { assume_role_policy = "{}" }
resource "aws_iam_policy" "this" { policy = "{}" }
resource "aws_sns_topic" "this" {}
resource "aws_vpc_endpoint" "this" {
  vpc_id       = "vpc-1"
  service_name = "service"
}
resource "aws_eip" "proxy" {}
resource "aws_acmpca_certificate_authority" "inspection" {
  certificate_authority_configuration {
    key_algorithm     = "RSA_4096"
    signing_algorithm = "SHA512WITHRSA"
    subject { common_name = "inspection" }
  }
}
resource "aws_organizations_organization" "this" {}
resource "aws_s3_object" "zip" {
  bucket = "artifacts"
  key    = "image_scan.zip"
}

module "hub_of_an_organization" {
  source = "../.."

  qualys_pod               = "US2"
  qualys_secret            = { arn = aws_secretsmanager_secret.this.arn }
  registry_role            = { existing_arn = aws_iam_role.this.arn }
  kms_key                  = { arn = aws_kms_key.this.arn }
  permissions_boundary_arn = aws_iam_policy.this.arn
  spokes                   = { organization = { id = aws_organizations_organization.this.id } }
  owners                   = { topics = { shop = { people = aws_sns_topic.this.arn } } }
  topic_access = {
    machines = {
      publishers = [{ service = "events.amazonaws.com", source_arns = [aws_kms_key.this.arn] }]
    }
  }
  lambda_package = {
    s3 = { bucket = "artifacts", key = "image_scan.zip", version = aws_s3_object.zip.version_id }
  }
  network = {
    vpc = {
      subnet_ids         = aws_vpc_endpoint.this.subnet_ids
      security_group_ids = aws_vpc_endpoint.this.security_group_ids
    }
    https_proxy = "http://${aws_eip.proxy.public_ip}:3128"
    no_proxy    = aws_eip.proxy.public_ip
    ca_bundle   = { pem = aws_acmpca_certificate_authority.inspection.certificate }
  }
}

module "hub_of_accounts" {
  source = "../.."

  name_prefix   = "another"
  qualys_pod    = "US2"
  qualys_secret = { arn = aws_secretsmanager_secret.this.arn }
  registry_role = { existing_arn = aws_iam_role.this.arn }
  spokes        = { accounts = { ids = aws_organizations_organization.this.accounts[*].id } }
}

module "spoke" {
  source    = "../../modules/regional-spoke"
  providers = { aws = aws.elsewhere }

  hub                      = module.hub_of_an_organization.hub
  create_describe_role     = true
  alarm_topic_arn          = aws_sns_topic.this.arn
  permissions_boundary_arn = aws_iam_policy.this.arn
}

terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.elsewhere]
    }
  }
}
"""
RUN = """
run "same_apply" {
  command = plan
  module {
    source = "./roots/same-apply"
  }
  providers = {
    aws           = aws
    aws.elsewhere = aws.elsewhere
  }
}
"""


def test_it_is_planned(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    root = folder / "roots/same-apply"
    root.mkdir(parents=True)
    (root / "main.tf").write_text(CONFIGURATION)
    (folder / "tests").mkdir()
    mocks = mocked("us-east-1") + mocked("eu-west-1", "444455556666", "elsewhere")
    (folder / "tests/same_apply.tftest.hcl").write_text(mocks + RUN)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    environment |= cli_environment(folder)
    for command in (["init", "-backend=false"], ["test"]):
        answer = subprocess.run(
            [find_terraform(), *command, "-no-color"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "1 passed, 0 failed" in answer.stdout
