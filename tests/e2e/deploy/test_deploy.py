"""The deploy targets of the Makefile: a first deployment, plans beside it, and what is refused."""

import shutil
import sys
from pathlib import Path

import pytest

from sandbox.terraform import find_terraform
from tests.support.authority import private_tls

from .conftest import DEPLOY, TOKEN, Deployed, Project


def test_a_plan_is_shown_and_what_comes_next(deployed: Deployed) -> None:
    assert "Plan: " in deployed.printed
    assert "on this machine alone" in deployed.printed
    assert "make doctor REGION=us-east-1" in deployed.printed
    assert "function_names" not in deployed.printed  # an output of the module
    states = deployed.project.aws.client("stepfunctions")
    assert {each["name"] for each in states.list_state_machines()["stateMachines"]} == {
        "qualys-image-scan-intake",
        "qualys-image-scan-scan",
    }


def test_the_role_trusts_whom_qualys_names(deployed: Deployed) -> None:
    iam = deployed.project.aws.client("iam")
    role = iam.get_role(RoleName="qualys-image-scan-registry-us-east-1")["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"]["sts:ExternalId"]
    assert statement["Principal"]["AWS"].endswith(":root")


def test_the_credential_is_in_the_secret_and_nowhere_else(deployed: Deployed) -> None:
    assert deployed.project.secret() == {"token": TOKEN}
    assert TOKEN not in deployed.printed
    files = [path for path in deployed.project.deployments.rglob("*") if path.is_file()]
    assert "terraform.tfstate" in {path.name for path in files}
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


def test_a_plan_takes_variables_from_make_and_from_a_file_and_changes_nothing(
    deployed: Deployed, tmp_path: Path
) -> None:
    project, path = deployed.project, tmp_path / "mine.tfvars"
    path.write_text("# mine\nlog = {\n  retention_days = 30\n}\n")
    said = project.make("plan", *DEPLOY, 'VAR_tags={"team": "a"}', f"TFVARS={path}")
    assert "to change, " in said
    assert "retention_in_days" in said
    assert '"team"' in said
    (root,) = project.left()
    assert not (root / "change.tfplan").exists()
    groups = project.aws.client("logs").describe_log_groups()["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {365}


def test_a_plan_without_arguments_is_empty_and_says_what_it_takes_up(deployed: Deployed) -> None:
    said = deployed.project.make("plan")
    assert "No changes." in said
    assert "from the last deployment: CREATE_ROLE=true QUALYS_POD=US2" in said


def test_a_ca_bundle_is_planned_from_its_file(deployed: Deployed, tmp_path: Path) -> None:
    said = deployed.project.make("plan", f"CA_BUNDLE={private_tls(tmp_path).authority}")
    assert "aws_secretsmanager_secret.ca_bundle[0] will be created" in said
    assert "changed: CA_BUNDLE=-----BEGIN CERTIFICATE-----" in said


def test_nobody_to_ask(deployed: Deployed) -> None:
    said = deployed.project.make("deploy", code=2)
    assert "Nobody can be asked here: give AUTO_APPROVE=1" in said


def test_no_python_is_said(empty: Project) -> None:
    said = empty.make("plan", "PYTHON=python9", code=2)
    assert "python9 is not found: install Python 3.11 or newer, or give PYTHON=<path>" in said


def test_no_way_to_the_provider_says_what_helps(empty: Project, tmp_path: Path) -> None:
    """As on a machine without a network, where nothing has been fetched before."""
    (tmp_path / "terraform.rc").touch()
    away = {
        "TF_CLI_CONFIG_FILE": str(tmp_path / "terraform.rc"),
        "TF_REATTACH_PROVIDERS": "",
        "TF_REGISTRY_DISCOVERY_RETRY": "0",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    said = empty.make("plan", *DEPLOY, code=2, **away)
    assert "terraform init failed in " in said
    assert "The provider could not be fetched. Without a way to the registry" in said


@pytest.fixture
def tofu_alone(tmp_path: Path) -> str:
    """A PATH with OpenTofu and no Terraform. Here it is Terraform by another name."""
    (tmp_path / "tofu").write_text(f'#!/bin/sh\necho "tofu $1" >&2\nexec {find_terraform()} "$@"\n')
    (tmp_path / "tofu").chmod(0o755)
    (tmp_path / "python3").symlink_to(sys.executable)
    for name in ("make", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    return str(tmp_path)


def test_a_secret_on_the_command_line_is_refused(empty: Project) -> None:
    for secret in ("QUALYS_API_TOKEN=seen", 'TF_VAR_qualys_credentials={"token":"seen"}'):
        said = empty.make("deploy", "QUALYS_POD=US2", secret, code=2)
        assert f"{secret.partition('=')[0]} belongs into the environment" in said


def test_a_credential_that_qualys_refuses(empty: Project) -> None:
    said = empty.make("plan", *DEPLOY, code=2, QUALYS_API_TOKEN="wrong")
    assert "Qualys was asked for its AWS account id, and failed: QualysUnauthorized" in said


def test_the_stackset_is_planned_with_the_hubs_names(empty: Project, tofu_alone: str) -> None:
    """By OpenTofu, where there is no Terraform. The embedded AWS has no StackSets; the plan of new
    ones asks it nothing."""
    settings = (
        "OrganizationId=o-a1b2c3d4e5",
        "OrgUnitIds=ou-ab12-cdef3456,ou-ab12-00000000",
        "SecurityAccountId=222233334444",
        "CentralEventBusArn=arn:aws:events:us-east-1:222233334444:event-bus/qualys-image-scan-hub",
        "EXISTING_ROLE_NAME=qualys-role",
        "REGIONS=us-east-1,eu-west-1",
    )
    cloudformation = empty.aws.client("cloudformation")
    cloudformation.activate_organizations_access()
    said = empty.make("plan-spoke-stackset", *settings, PATH=tofu_alone)
    cloudformation.deactivate_organizations_access()
    assert "tofu plan" in said
    assert "Plan: 8 to add" in said
    assert "222233334444:role/qualys-image-scan-send-notification-us-east-1" in said
    assert "qualys-image-scan-222233334444" in said
