"""Terraform on the sandbox: from a copy, with nothing left to do after an apply."""

import json
import os
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.aws import Aws, SandboxError
from sandbox.terraform import find_mirror, find_terraform, write_cli_configuration
from sandbox.terraform_project import Terraform, TerraformError, changes, copy_project
from tests.sandbox.account import Account

# Everything whose answer ministack alone gets wrong.
CONFIGURATION = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "account" { type = string }

variable "secret" {
  type      = string
  sensitive = true
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = "machine"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_sfn_state_machine" "this" {
  name       = "machine"
  role_arn   = aws_iam_role.this.arn
  definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })

  tracing_configuration {
    enabled = true
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = "a"
  alarm_description   = "executions & more"
  namespace           = "AWS/States"
  metric_name         = "ExecutionsFailed"
  dimensions          = { StateMachineArn = aws_sfn_state_machine.this.arn }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["arn:aws:sns:us-east-1:${var.account}:t"]
}

resource "aws_cloudtrail" "this" {
  name           = "trail"
  s3_bucket_name = "files"
  tags           = { stored = "yes" }
}

resource "aws_cloudwatch_event_bus" "this" {
  name = "hub"
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "members"
      Effect    = "Allow"
      Principal = "*"
      Action    = "events:PutEvents"
      Resource  = aws_cloudwatch_event_bus.this.arn
      Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-1" } }
    }]
  })
}

data "aws_organizations_organization" "this" {}

output "machine" {
  value = aws_sfn_state_machine.this.arn
}

output "master" {
  value = data.aws_organizations_organization.this.master_account_id
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(CONFIGURATION)
    return tmp_path


def test_nothing_is_left_to_do_after_an_apply(account: Account, folder: Path) -> None:
    lines: list[str] = []
    environment = account.aws.environment(account.id) | {"TF_VAR_secret": "hush"}
    terraform = Terraform(folder, environment, lines.append)
    terraform.set_variables({"account": account.id})
    terraform.init()
    terraform.validate()
    terraform.apply()
    assert any("Apply complete!" in line for line in lines)
    assert changes(terraform.plan()) == {}
    machine = f"arn:aws:states:us-east-1:{account.id}:stateMachine:machine"
    assert terraform.outputs() == {"machine": machine, "master": account.id}
    written = [path for path in folder.iterdir() if path.is_file()]
    assert not any(b"hush" in path.read_bytes() for path in written)
    terraform.destroy()
    assert account.client("stepfunctions").list_state_machines()["stateMachines"] == []


def test_runs_share_a_provider_for_their_lifetime(account: Account, folder: Path) -> None:
    """Where a mirror has one that is unpacked."""
    environment = account.aws.environment(account.id) | {"TF_VAR_secret": "hush"}
    with ExitStack() as lifetime:
        terraform = Terraform(folder, environment, lifetime=lifetime)
        terraform.set_variables({"account": account.id})
        assert terraform.plan()["resource_changes"]
        shared = json.loads(terraform._provider.get("TF_REATTACH_PROVIDERS", "{}")).values()
        assert (folder / ".terraform/providers").exists() == (not shared)
        for each in shared:
            os.kill(each["Pid"], 0)
    for each in shared:
        with pytest.raises(ProcessLookupError):
            os.kill(each["Pid"], 0)


def test_an_error_is_terraforms_own(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('output "o" {\n  value = local.absent\n}\n')
    terraform = Terraform(tmp_path, aws.environment())
    terraform.init()
    with pytest.raises(TerraformError, match="undeclared local value"):
        terraform.plan()


def test_variables_are_for_their_owner_only(aws: Aws, tmp_path: Path) -> None:
    Terraform(tmp_path, aws.environment()).set_variables({"n": [1]})
    (path,) = tmp_path.glob("*.tfvars.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {"n": [1]}


def test_the_caller_cannot_lead_it_elsewhere(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("TF_CLI_ARGS_apply", "-target=x")
    environment = Terraform(tmp_path, aws.environment())._environment
    assert environment["AWS_ENDPOINT_URL"] == aws.endpoint
    assert not {"AWS_PROFILE", "TF_CLI_ARGS_apply"} & set(environment)


@pytest.mark.parametrize(
    "script",
    [None, 'echo \'{"terraform_version": "1.10.5"}\'', "exit 1"],
    ids=["absent", "old", "broken"],
)
def test_a_terraform_that_will_not_do(
    script: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if script:
        (tmp_path / "terraform").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "terraform").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"install Terraform 1\.11 or newer"):
        find_terraform()


def test_a_given_mirror_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_PROVIDER_MIRROR", str(tmp_path))
    assert find_mirror() == tmp_path


def test_without_a_mirror_the_registry_is_used(tmp_path: Path) -> None:
    path = write_cli_configuration(tmp_path / "rc", None)
    assert "provider_installation" not in path.read_text()
    path = write_cli_configuration(tmp_path / "rc", Path("/mirror"))
    assert 'filesystem_mirror { path = "/mirror" }' in path.read_text()


def test_a_copy_holds_no_leftovers(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("main.tf", "modules/m/main.tf", "functions/f.py", "examples/e/main.tf"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("")
    for name in ("terraform.tfstate", ".terraform/x", "modules/m/.terraform.lock.hcl", "README.md"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("")
    copied = copy_project(tmp_path / "copy", source)
    found = {str(p.relative_to(copied)) for p in copied.rglob("*") if p.is_file()}
    assert found == {"main.tf", "modules/m/main.tf", "functions/f.py", "examples/e/main.tf"}
