"""moto, an emulator of AWS that is not ours, deploys the stacks of the organization's members."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.emulator_process import REPOSITORY
from sandbox.terraform_project import Terraform, TerraformError, copy_project
from tests.judges.moto_account import REGISTRY_ROLE, client, moto

Json = dict[str, Any]
RULES = REPOSITORY / "modules/org-spoke/templates/rules.yaml"
REGIONS = ["us-east-1", "eu-west-1"]


def hub() -> Json:
    """What a hub in another account of the organization gives its spokes."""
    pattern = yaml.safe_load(RULES.read_text())["Resources"]["Rule"]["Properties"]["EventPattern"]
    roles = "arn:aws:iam::111111111111:role/qualys-image-scan"
    return {
        "account_id": "111111111111",
        "region": "us-east-1",
        "event_bus_arn": "arn:aws:events:us-east-1:111111111111:event-bus/qualys-image-scan-hub",
        "event_pattern": json.dumps(pattern),
        "organization_id": "o-a1b2c3d4e5",
        "describe_principal_arns": [f"{roles}-parse-event-us-east-1"],
        "describe_role_name": "qualys-image-scan-describe",
        "describe_external_id": "qualys-image-scan-111111111111",
        "iam_path": "/",
        "registry_role_name": "qualys-image-scan-registry-us-east-1",
    }


def make_unit(organizations: Any) -> str:
    """An organizational unit of two accounts."""
    organizations.create_organization(FeatureSet="ALL")
    (root,) = organizations.list_roots()["Roots"]
    unit = organizations.create_organizational_unit(ParentId=root["Id"], Name="teams")
    for name in ("shop", "tools"):
        made = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
        organizations.move_account(
            AccountId=made["CreateAccountStatus"]["AccountId"],
            SourceParentId=root["Id"],
            DestinationParentId=unit["OrganizationalUnit"]["Id"],
        )
    return str(unit["OrganizationalUnit"]["Id"])


def test_the_stack_sets_deploy_their_stacks(tmp_path: Path) -> None:
    """moto keeps no automatic deployment, so that a plan would replace them, and it does not take
    the stacks of a unit away; where it has learnt that, the module can be tried further here."""
    root = copy_project(tmp_path / "project") / "examples/organization/management"
    with moto("us-east-1") as environment:
        terraform = Terraform(root, environment)
        terraform.set_variables(
            {
                "hub": hub(),
                "region": "us-east-1",
                "regions": REGIONS,
                "organizational_unit_ids": [make_unit(client("organizations", environment))],
                "registry_role": REGISTRY_ROLE,
            }
        )
        terraform.apply()
        deployed = stacks(client("cloudformation", environment))
        replaced = {
            each["address"]: each["change"].get("replace_paths")
            for each in terraform.plan()["resource_changes"]
            if each["change"]["actions"] != ["no-op"]
        }
        with pytest.raises(TerraformError, match="StackSetNotEmptyException"):
            terraform.destroy()
    accounts = {account for _name, account, _region in deployed}
    assert len(accounts) == 2
    assert deployed == {
        (name, account, region)
        for account in accounts
        for name, region in [("roles", REGIONS[0]), *(("rules", each) for each in REGIONS)]
    }
    assert replaced == {
        f"module.members.aws_cloudformation_stack_set.{name}": [["auto_deployment"]]
        for name in ("roles", "rules")
    }


def stacks(cloudformation: Any) -> set[tuple[str, str, str]]:
    """StackSet, account and region of each stack that is as it should be."""
    return {
        (name, each["Account"], each["Region"])
        for name in ("roles", "rules")
        for each in cloudformation.list_stack_instances(
            StackSetName=f"qualys-image-scan-spoke-{name}"
        )["Summaries"]
        if each["Status"] == "CURRENT"
    }
