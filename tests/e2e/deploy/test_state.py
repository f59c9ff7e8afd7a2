"""A state that moves into S3, and an install that becomes a hub and is destroyed."""

import shutil

import pytest

from sandbox.aws import ACCOUNT

from .conftest import Project

IN_S3 = ("STATE_BUCKET=states", "STATE_REGION=us-east-1")
# The embedded AWS has no host name per bucket.
PATH_STYLE = {"TF_CLI_ARGS_init": "-backend-config=use_path_style=true"}
pytestmark = pytest.mark.xdist_group("state")


def test_a_state_moves_into_s3_and_is_found_from_another_machine(
    project: Project, deployed: str
) -> None:
    s3 = project.aws.client("s3")
    s3.create_bucket(Bucket="states")
    install = ("deploy", "QUALYS_POD=US2", "CREATE_ROLE=true")
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
