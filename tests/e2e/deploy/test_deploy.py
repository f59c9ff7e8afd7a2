"""The deploy targets of the Makefile: one install, its changes, and other regions."""

import json
from pathlib import Path
from typing import Any

from sandbox.aws import ACCOUNT

from .conftest import TOKEN, Project

ELSEWHERE = ("eu-west-1", "ap-south-1")


def secret(project: Project) -> tuple[Any, str]:
    client = project.aws.client("secretsmanager")
    (found,) = client.list_secrets()["SecretList"]
    return client, str(found["ARN"])


def test_a_plan_is_shown_and_what_comes_next(project: Project, deployed: str) -> None:
    assert "Plan: " in deployed
    assert "on this machine alone" in deployed
    assert "make doctor" in deployed
    machines = project.aws.client("stepfunctions").list_state_machines()["stateMachines"]
    assert {each["name"] for each in machines} == {
        "qualys-image-scan-intake",
        "qualys-image-scan-scan",
    }


def test_the_role_trusts_whom_qualys_names(project: Project, deployed: str) -> None:
    iam = project.aws.client("iam")
    role = iam.get_role(RoleName="qualys-image-scan-registry-us-east-1")["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"]["sts:ExternalId"]
    assert statement["Principal"]["AWS"].endswith(":root")


def test_the_credential_is_in_the_secret_and_nowhere_else(project: Project, deployed: str) -> None:
    client, arn = secret(project)
    assert json.loads(client.get_secret_value(SecretId=arn)["SecretString"]) == {"token": TOKEN}
    assert TOKEN not in deployed
    for path in (project.folder / "deployments").rglob("*"):
        if path.is_file() and ".plugins" not in path.parts and ".terraform" not in path.parts:
            assert TOKEN.encode() not in path.read_bytes(), path


def test_a_second_deploy_is_empty_and_leaves_a_rotated_secret_alone(
    project: Project, deployed: str
) -> None:
    """Rotated twice: then Secrets Manager would forget the version that Terraform wrote."""
    client, arn = secret(project)
    for value in ("rotated", "again"):
        client.put_secret_value(SecretId=arn, SecretString=json.dumps({"token": value}))
    said = project.make("deploy", "QUALYS_POD=US2", "CREATE_ROLE=true", "AUTO_APPROVE=1")
    assert "Nothing to change." in said
    kept = client.get_secret_value(SecretId=arn)["SecretString"]
    assert json.loads(kept) == {"token": "again"}


def test_a_higher_version_writes_the_credential(project: Project, deployed: str) -> None:
    given = (
        "QUALYS_POD=US2",
        "CREATE_ROLE=true",
        "AUTO_APPROVE=1",
        "VAR_qualys_credentials_version=2",
    )
    project.make("deploy", *given)
    client, arn = secret(project)
    assert json.loads(client.get_secret_value(SecretId=arn)["SecretString"]) == {"token": TOKEN}
    assert "Nothing to change." in project.make("deploy", *given)


def test_a_plan_changes_nothing(project: Project, deployed: str) -> None:
    said = project.make(
        "plan", "QUALYS_POD=US2", "CREATE_ROLE=true", 'VAR_log={"retention_days": 30}'
    )
    assert "to change, " in said
    assert not (project.left()[0] / "change.tfplan").exists()
    groups = project.aws.client("logs").describe_log_groups()["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {365}


def test_variables_of_a_file_are_taken(project: Project, deployed: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.tfvars"
    path.write_text('# mine\nlog = {\n  retention_days = 30\n}\ntags = { team = "a" }\n')
    said = project.make("plan", "QUALYS_POD=US2", "CREATE_ROLE=true", f"TFVARS={path}")
    assert "retention_in_days" in said
    assert '"team"' in said


def test_it_does_not_move_by_accident(project: Project, deployed: str) -> None:
    said = project.make("plan", "QUALYS_POD=US2", "CREATE_ROLE=true", "REGION=eu-west-1", code=2)
    assert "install is deployed in account 111111111111, region us-east-1" in said


def test_nobody_to_ask(project: Project, deployed: str) -> None:
    said = project.make("deploy", "QUALYS_POD=US2", "CREATE_ROLE=true", code=2)
    assert "Nobody can be asked here: give AUTO_APPROVE=1" in said


def test_a_secret_on_the_command_line_is_refused(project: Project) -> None:
    said = project.make("deploy", "QUALYS_POD=US2", "QUALYS_API_TOKEN=seen", code=2)
    assert "belongs into the environment" in said


def test_a_credential_that_qualys_refuses(project: Project) -> None:
    said = project.make(
        "plan", "QUALYS_POD=US2", "CREATE_ROLE=true", code=2, QUALYS_API_TOKEN="wrong"
    )
    assert "Qualys was asked for its AWS account id, and failed: QualysUnauthorized" in said


def test_two_regions_and_back(project: Project, deployed: str) -> None:
    regions = f"REGION={','.join(ELSEWHERE)}"
    said = project.make("deploy-region", regions, "AUTO_APPROVE=1")
    for region in ELSEWHERE:
        assert f"[region-{region}] Apply complete!" in said
        rules = project.aws.client("events", ACCOUNT, region).list_rules()["Rules"]
        assert [rule["Name"] for rule in rules] == ["qualys-image-scan-forward-deployments"]
    assert "Nothing to change." in project.make("deploy-region", regions, "AUTO_APPROVE=1")
    project.make("destroy-region", regions, "AUTO_APPROVE=1")
    for region in ELSEWHERE:
        assert project.aws.client("events", ACCOUNT, region).list_rules()["Rules"] == []
    assert [path.name for path in project.left()] == ["install"]


def test_the_stackset_is_planned_with_the_hubs_names(project: Project) -> None:
    """The embedded AWS has no StackSets; the plan of new ones asks it nothing."""
    settings = (
        "OrganizationId=o-a1b2c3d4e5",
        "OrgUnitIds=ou-ab12-cdef3456,ou-ab12-00000000",
        "SecurityAccountId=222233334444",
        "CentralEventBusArn=arn:aws:events:us-east-1:222233334444:event-bus/qualys-image-scan-hub",
        "EXISTING_ROLE_NAME=qualys-role",
        "REGIONS=us-east-1,eu-west-1",
    )
    said = project.make("plan-spoke-stackset", *settings)
    assert "Plan: 8 to add" in said
    assert "222233334444:role/qualys-image-scan-parse-event-us-east-1" in said
    assert "qualys-image-scan-222233334444" in said
