"""A hub whose state is elsewhere is known by its own description, or by the names of its parts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from ops.deploy import project
from ops.deploy.hubs import READERS, hub_by_names
from tests.support.deploying import ACCOUNT, GOOD, STACKSET, Clone, FakeTerraform

if TYPE_CHECKING:
    from pathlib import Path

BUS = "arn:aws:events:us-east-1:111122223333:event-bus/second-hub"
OWN_BUS = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/qualys-image-scan-hub"
OWN = STACKSET | {"SecurityAccountId": ACCOUNT, "CentralEventBusArn": OWN_BUS}
NAME = "/image-scan/qualys-image-scan/installation"
HUB = {
    "account_id": ACCOUNT,
    "region": "eu-west-1",
    "event_bus_arn": OWN_BUS,
    "event_pattern": "{}",
    "organization_id": "o-a1b2c3d4e5",
    "describe_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/security/a-parse-event"],
    "describe_role_name": "a-describe",
    "describe_external_id": "a",
    "iam_path": "/security/",
    "registry_role_name": "qualys",
}


def describe(hub: Any = HUB, region: str = "eu-west-1") -> None:
    ssm = boto3.client("ssm", region_name=region)
    ssm.put_parameter(Name=NAME, Value=json.dumps({"hub": hub}), Type="String")


def test_the_functions_that_read_members_are_those_of_the_module() -> None:
    text = (project.REPOSITORY / "modules/workflow/outputs.tf").read_text()
    found = re.search(r"describe_principal_arns = \[for name in concat\(\[(.+?)\]", text)
    assert found
    assert re.findall(r'"(\w+)"', found[1]) == [name.replace("-", "_") for name in READERS]


@pytest.mark.parametrize(("path", "below"), [("/", ""), ("/security/scan/", "security/scan/")])
def test_names_of_a_hub(path: str, below: str) -> None:
    facts, pattern = hub_by_names(
        BUS, "o-a1b2c3d4e5", registry_role="", imports=True, iam_path=path
    )
    assert facts["describe_principal_arns"] == [
        f"arn:aws:iam::111122223333:role/{below}second-{function}-us-east-1"
        for function in (*READERS, "import-findings")
    ]
    assert facts["iam_path"] == path
    assert facts["registry_role_name"] == f"{below}second-registry-us-east-1"
    assert facts["describe_external_id"] == "second-111122223333"
    assert "templates/rules.yaml" in pattern


def test_the_hub_describes_itself(clone: Clone) -> None:
    describe()
    clone.must("deploy-spoke-stackset", **OWN)
    assert FakeTerraform.given["hub"] == HUB


def test_a_profile_of_the_hubs_account_reads_its_description(clone: Clone, tmp_path: Path) -> None:
    describe()
    file = tmp_path / "config"
    file.write_text("[profile security]\naws_access_key_id = a\naws_secret_access_key = b\n")
    given = OWN | {"HUB_PROFILE": "security", "AWS_CONFIG_FILE": str(file)}
    clone.must("deploy-spoke-stackset", **given)
    assert FakeTerraform.given["hub"] == HUB
    state = next(clone.folder.rglob("terraform.tfstate")).read_text()
    assert "HUB_PROFILE" not in state
    said = clone.refuses("deploy-spoke-stackset", **{**given, **STACKSET})
    assert f"HUB_PROFILE=security is of account {ACCOUNT}, and the hub of 111122223333." in said
    said = clone.refuses("deploy-spoke-stackset", **given | {"HUB_PROFILE": "nobody"})
    assert said.startswith("HUB_PROFILE=nobody: ")
    assert "There is no AWS profile nobody" in said


def test_without_the_profile_the_path_that_it_showed_is_taken(clone: Clone, tmp_path: Path) -> None:
    describe()
    clone.must("deploy-spoke-stackset", **OWN)
    boto3.client("ssm", region_name="eu-west-1").delete_parameter(Name=NAME)
    clone.must("deploy-spoke-stackset", AUTO_APPROVE="1")
    assert FakeTerraform.given["hub"]["iam_path"] == "/security/"


def test_a_hub_of_another_organization_is_refused(clone: Clone) -> None:
    describe()
    other = OWN | {"OrganizationId": "o-bbbbbbbbbb"}
    said = clone.refuses("deploy-spoke-stackset", **other)
    assert said == (
        "OrganizationId=o-bbbbbbbbbb is not the organization of the hub, o-a1b2c3d4e5: no event "
        "would reach it. Give that one, or deploy the hub for the other.\n"
    )
    clone.must("deploy-spoke-stackset", **OWN)
    clone.must("deploy-spoke-stackset", "--destroy", **other)


def test_a_hub_known_by_its_state_is_refused_alike(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.deploy.spokes.hub_by_bus", lambda *_: HUB)
    said = clone.refuses("deploy-spoke-stackset", **OWN | {"OrganizationId": "o-bbbbbbbbbb"})
    assert "is not the organization of the hub, o-a1b2c3d4e5" in said


@pytest.mark.parametrize("described", [None, {**HUB, "event_bus_arn": BUS}])
def test_a_hub_that_does_not_describe_itself_is_known_by_names(
    clone: Clone, described: Any
) -> None:
    if described:
        describe(described)
    said = clone.must("deploy-spoke-stackset", **OWN, HUB_IAM_PATH="/security/")
    assert f"The parameter {NAME} of account {ACCOUNT}, region eu-west-1, describes no hub" in said
    assert FakeTerraform.given["hub"]["iam_path"] == "/security/"
    # It is remembered, as other arguments are.
    clone.must("deploy-spoke-stackset", AUTO_APPROVE="1")
    assert FakeTerraform.given["hub"]["iam_path"] == "/security/"


def test_from_another_account_the_names_are_said_to_be_taken(clone: Clone) -> None:
    said = clone.must("deploy-spoke-stackset", **STACKSET)
    assert "give HUB_PROFILE=" in said
    assert "HUB_IAM_PATH=" in said
    assert FakeTerraform.given["hub"]["iam_path"] == "/"


def test_a_region_forwards_to_a_hub_that_another_machine_deployed(clone: Clone) -> None:
    given = {"REGION": "us-east-1", "AUTO_APPROVE": "1"}
    assert "HUB_REGION=" in clone.refuses("deploy-region", **given)
    describe()
    clone.must("deploy-region", **given, HUB_REGION="eu-west-1")
    assert FakeTerraform.given["hub"] == HUB


def test_the_deployment_of_a_hub_prints_its_path(clone: Clone) -> None:
    given = GOOD | {"OrganizationId": "o-a1b2c3d4e5"}
    assert "HUB_IAM_PATH" not in clone.must("deploy-hub", **given)
    said = clone.must("deploy-hub", **given, VAR_iam_path="/security/")
    assert "HUB_IAM_PATH=/security/" in said
