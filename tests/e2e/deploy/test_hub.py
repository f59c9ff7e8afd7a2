"""An installation that becomes a hub, and is destroyed."""

from .conftest import Project

GIVEN = ("OrganizationId=o-a1b2c3d4e5", "EXISTING_ROLE_NAME=qualys-role")


def test_single_becomes_a_hub_and_all_is_destroyed(project: Project) -> None:
    said = project.make("deploy-hub", *GIVEN, "AUTO_APPROVE=1")
    assert "changed: EXISTING_ROLE_NAME=qualys-role (was not given)" in said
    assert "no longer given: CREATE_ROLE (was true)" in said
    assert "make deploy-spoke-stackset OrganizationId=o-a1b2c3d4e5" in said
    assert "EXISTING_ROLE_NAME=qualys-role" in said
    bus = project.aws.client("events").describe_event_bus(Name="qualys-image-scan-hub")
    assert "o-a1b2c3d4e5" in bus["Policy"]
    project.make("destroy-hub", "AUTO_APPROVE=1", QUALYS_API_TOKEN="")
    assert project.left() == []
    assert project.aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
    tables = project.aws.client("dynamodb").list_tables()["TableNames"]
    roles = project.aws.client("iam").list_roles()["Roles"]
    assert (tables, [role["RoleName"] for role in roles]) == ([], [])
