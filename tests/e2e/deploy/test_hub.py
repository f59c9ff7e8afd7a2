"""An installation that becomes a hub, describes itself to another machine, and is destroyed."""

import json
from pathlib import Path
from typing import Any

from ops.deploy.hubs import hub_by_names
from sandbox.aws import ACCOUNT

from .conftest import Project

GIVEN = ("OrganizationId=o-a1b2c3d4e5", "EXISTING_ROLE_NAME=qualys-role")
BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/qualys-image-scan-hub"
# The names of a hub do not show whether it has a deployment gate.
NOT_BY_NAME = ("event_pattern", "deployment_gate")


def assert_another_machine_knows(hub: dict[str, Any], project: Project, folder: Path) -> None:
    """Members get the same from there as from Terraform: by the description, and by names."""
    project.aws.client("cloudformation").activate_organizations_access()
    other = project.clone(folder / "other")
    other.make(
        "plan-spoke-stackset",
        *GIVEN,
        f"SecurityAccountId={ACCOUNT}",
        f"CentralEventBusArn={BUS}",
        "OrgUnitIds=ou-ab12-cdef3456",
    )
    (root,) = other.deployments.rglob("org-spoke/main.tf.json")
    sent = json.loads(root.read_text())["module"]["this"]["hub"]
    assert {**sent, "event_pattern": sent["event_pattern"].replace("$${", "${")} == hub
    names, _ = hub_by_names(
        BUS, "o-a1b2c3d4e5", registry_role="qualys-role", imports=False, iam_path="/"
    )
    assert names == {name: value for name, value in hub.items() if name not in NOT_BY_NAME}
    assert hub["deployment_gate"] is None


def test_single_becomes_a_hub_and_all_is_destroyed(project: Project, tmp_path: Path) -> None:
    said = project.make("deploy-hub", *GIVEN, "AUTO_APPROVE=1")
    assert "changed: EXISTING_ROLE_NAME=qualys-role (was not given)" in said
    assert "no longer given: CREATE_ROLE (was true)" in said
    assert "make deploy-spoke-stackset OrganizationId=o-a1b2c3d4e5" in said
    assert "EXISTING_ROLE_NAME=qualys-role" in said
    bus = project.aws.client("events").describe_event_bus(Name="qualys-image-scan-hub")
    assert "o-a1b2c3d4e5" in bus["Policy"]
    (state,) = project.deployments.rglob("installation/terraform.tfstate")
    hub = json.loads(state.read_text())["outputs"]["hub"]["value"]
    assert_another_machine_knows(hub, project, tmp_path)
    project.make("destroy-hub", "AUTO_APPROVE=1", QUALYS_API_TOKEN="")
    assert project.left() == []
    assert project.aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
    tables = project.aws.client("dynamodb").list_tables()["TableNames"]
    roles = project.aws.client("iam").list_roles()["Roles"]
    assert (tables, [role["RoleName"] for role in roles]) == ([], [])
