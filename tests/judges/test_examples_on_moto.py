"""moto, an emulator of AWS that is not ours, takes each example unmodified, and a root in GovCloud.

Each is applied, has nothing left to do then, is destroyed, and applied again by the same names.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.terraform_project import copy_project
from tests.judges.moto_account import REGISTRY_ROLE, client, live, moto
from tests.judges.policies import Policy
from tests.judges.service_data import KNOWN, said

Json = dict[str, Any]
ORGANIZATION = "o-a1b2c3d4e5"
COMMON = {"qualys_pod": "US2", "registry_role": REGISTRY_ROLE}
# Variables of each example, and the number of its providers.
EXAMPLES: dict[str, tuple[Json, int]] = {
    "single-account": ({}, 1),
    "multi-region": ({"region": "us-east-1", "spoke_region": "eu-west-1"}, 2),
    "organization/hub": ({"organization_id": ORGANIZATION}, 1),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in EXAMPLES]
)
def test_an_example_lives_twice(name: str, tmp_path: Path) -> None:
    variables, regions = EXAMPLES[name]
    root = copy_project(tmp_path / "project") / "examples" / name
    with moto("us-east-1") as environment:
        policies = live(root, environment, {**COMMON, **variables}, regions=regions)
    assert len(policies) > 30


@pytest.mark.xdist_group("govcloud")
def test_all_that_can_be_chosen_lives_twice_in_govcloud(tmp_path: Path) -> None:
    root = copy_project(tmp_path / "project") / "examples/govcloud"
    root.mkdir()
    with moto("us-gov-west-1") as environment:
        (root / "main.tf.json").write_text(json.dumps(govcloud(environment)))
        policies = live(root, environment, {}, regions=2)
    assert len(policies) > 35
    assert [at for at, policy in policies.items() if "arn:aws:" in json.dumps(policy)] == []
    assert "arn:aws:" not in (root / "terraform.tfstate").read_text()
    assert said(of_state(policies)) == {*KNOWN}


def govcloud(environment: dict[str, str]) -> Json:
    """A root with every option that makes resources or statements, and names of the full length."""
    iam, ec2 = (client(service, environment) for service in ("iam", "ec2"))
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
    groups = [each["GroupId"] for each in ec2.describe_security_groups()["SecurityGroups"]]
    accepted = {"cve": "CVE-2026-0001", "repository": "team/app", "until": "2099-12-31"}
    common = {
        "name_prefix": "a-prefix-of-28-characters-on",
        "iam_path": "/security/",
        "permissions_boundary_arn": boundary,
        "tags": {"application": "image-scan"},
    }
    hub = {
        **common,
        "source": "../..",
        "qualys_pod": "GOV1",
        "qualys_credentials": "${var.qualys_credentials}",
        "registry_role": REGISTRY_ROLE,
        "spokes": {"organization": {"id": ORGANIZATION}, "regional": True},
        "security_hub": True,
        "exceptions": [{**accepted, "reason": "nothing calls it", "owner": "team"}],
        "network": {"vpc": {"subnet_ids": subnets[:2], "security_group_ids": groups[:1]}},
        "notification_email_addresses": ["security@example.com"],
    }
    spoke = {
        **common,
        "source": "../../modules/regional-spoke",
        "providers": {"aws": "aws.east"},
        "hub": "${module.image_scan.hub}",
    }
    trail = {
        "source": "../../modules/trail",
        "providers": {"aws": "aws.east"},
        "name_prefix": common["name_prefix"],
        "tags": common["tags"],
    }
    return {
        "provider": {
            "aws": [{"region": "us-gov-west-1"}, {"alias": "east", "region": "us-gov-east-1"}]
        },
        "variable": {
            "qualys_credentials": {"type": "object({ token = string })", "ephemeral": True}
        },
        "module": {"image_scan": hub, "spoke": spoke, "trail": trail},
    }


def of_state(policies: dict[str, Json]) -> list[Policy]:
    """Policies of a state with the kinds that their attributes say."""
    kinds = {"assume_role_policy": "trust", "policy": "resource"}
    return [
        Policy(
            "identity" if ".aws_iam_role_policy." in at else kinds[at.rpartition(".")[2]],
            at,
            document,
        )
        for at, document in policies.items()
    ]
