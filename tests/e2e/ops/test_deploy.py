"""The deploy targets of the Makefile, with the real make and Terraform, on an AWS of their own."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws import ACCOUNT, REPOSITORY, Aws
from sandbox.qualys import Credentials, EcrImages, QualysSimulator, make_sensor_user
from sandbox.terraform import find_mirror, write_cli_configuration

TOKEN = "canary-token-deploy"
IN_S3 = ("STATE_BUCKET=states", "STATE_REGION=us-east-1")
# The embedded AWS has no host name per bucket.
PATH_STYLE = {"TF_CLI_ARGS_init": "-backend-config=use_path_style=true"}
HOME, ELSEWHERE = "us-east-1", ("eu-west-1", "ap-south-1")
LEFT_BEHIND = shutil.ignore_patterns("__pycache__", ".terraform*", "*.tfstate*", "dist")
pytestmark = pytest.mark.xdist_group("deploy")


class Project:
    """A copy of the repository, and make in it."""

    def __init__(self, folder: Path, aws: Aws, gateway_url: str) -> None:
        self.folder = folder
        self.aws = aws
        for part in ("ops", "modules", "functions"):
            shutil.copytree(REPOSITORY / part, folder / part, ignore=LEFT_BEHIND)
        for file in (*REPOSITORY.glob("*.tf"), REPOSITORY / "Makefile"):
            shutil.copy2(file, folder)
        (folder / ".venv").symlink_to(REPOSITORY / ".venv")
        rc = write_cli_configuration(folder / "terraform.rc", find_mirror())
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "MAKE"))},
            **aws.environment(ACCOUNT, HOME),
            "TF_CLI_CONFIG_FILE": str(rc),
            "CHECKPOINT_DISABLE": "1",
            "QUALYS_API_TOKEN": TOKEN,
            "QUALYS_GATEWAY_URL": gateway_url,
        }

    def make(self, target: str, *settings: str, code: int = 0, **environment: str) -> str:
        """What the target prints; settings stand on its command line."""
        answer = subprocess.run(
            ["make", "-s", target, *settings],
            cwd=self.folder,
            env=self._environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (answer.returncode == 0) == (code == 0), answer.stdout[-6000:]
        return answer.stdout

    def left(self) -> list[Path]:
        return list((self.folder / "deployments").glob("[!.]*/*"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Aws(wait_scale=0) as aws:
        sensor = make_sensor_user(aws.endpoint, "900000000009")
        images = EcrImages(aws.endpoint, lambda: sensor)
        with QualysSimulator(Credentials(tokens=(TOKEN,)), images) as qualys:
            yield Project(tmp_path_factory.mktemp("project"), aws, qualys.url)


@pytest.fixture(scope="module")
def deployed(project: Project) -> str:
    """What the first deployment prints."""
    return project.make("deploy", "QUALYS_POD=US2", "CREATE_ROLE=true", "AUTO_APPROVE=1")


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


def test_a_state_moves_into_s3_and_is_found_from_another_machine(
    project: Project, deployed: str
) -> None:
    s3 = project.aws.client("s3")
    s3.create_bucket(Bucket="states")
    install = ("deploy", "QUALYS_POD=US2", "CREATE_ROLE=true", "VAR_qualys_credentials_version=2")
    move = {"TF_CLI_ARGS_init": f"{PATH_STYLE['TF_CLI_ARGS_init']} -migrate-state -force-copy"}
    assert "Nothing to change." in project.make(*install, *IN_S3, "AUTO_APPROVE=1", **move)
    shutil.rmtree(project.left()[0])
    said = project.make(*install, *IN_S3, "AUTO_APPROVE=1", **PATH_STYLE)
    assert "Nothing to change." in said
    region = "REGION=ca-central-1"
    project.make("deploy-region", region, *IN_S3, "AUTO_APPROVE=1", **PATH_STYLE)
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="states")["Contents"]]
    assert sorted(keys) == [  # and the locks are gone
        "qualys-image-scan/install.tfstate",
        "qualys-image-scan/region-ca-central-1.tfstate",
    ]
    assert [file for folder in project.left() for file in folder.glob("*.tfstate")] == []
    project.make("destroy-region", region, *IN_S3, "AUTO_APPROVE=1", **PATH_STYLE)
    assert project.aws.client("events", ACCOUNT, "ca-central-1").list_rules()["Rules"] == []


def test_single_becomes_a_hub_and_all_is_destroyed(project: Project, deployed: str) -> None:
    given = ("QUALYS_POD=US2", "OrganizationId=o-a1b2c3d4e5", "EXISTING_ROLE_NAME=qualys-role")
    said = project.make("deploy-hub", *given, *IN_S3, "AUTO_APPROVE=1", **PATH_STYLE)
    assert "make deploy-spoke-stackset OrganizationId=o-a1b2c3d4e5" in said
    assert "EXISTING_ROLE_NAME=qualys-role" in said
    bus = project.aws.client("events").describe_event_bus(Name="qualys-image-scan-hub")
    assert "o-a1b2c3d4e5" in bus["Policy"]
    given += (*IN_S3, "AUTO_APPROVE=1")
    project.make("destroy-hub", *given, QUALYS_API_TOKEN="", **PATH_STYLE)
    (install,) = [path for path in project.left() if path.name == "install"]
    assert not (install / "main.tf.json").exists()
    assert project.aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
    tables = project.aws.client("dynamodb").list_tables()["TableNames"]
    roles = project.aws.client("iam").list_roles()["Roles"]
    assert (tables, [role["RoleName"] for role in roles]) == ([], [])
