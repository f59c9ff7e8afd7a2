"""What the Terraform provider gets of a resource is what it asked for."""

from typing import Any

import pytest

from tests.sandbox.account import Account, Json
from tests.sandbox.machines import waiting

TRACED: Json = {"tracingConfiguration": {"enabled": True}}


@pytest.fixture
def states(account: Account) -> Any:
    return account.client("stepfunctions")


def test_a_machine_keeps_its_tracing(account: Account, states: Any) -> None:
    arn = account.machine("m", waiting(1), **TRACED)
    assert states.describe_state_machine(stateMachineArn=arn)["tracingConfiguration"] == {
        "enabled": True
    }


def test_a_machine_keeps_the_tracing_of_an_update(account: Account, states: Any) -> None:
    arn = account.machine("m", waiting(1))
    states.update_state_machine(stateMachineArn=arn, **TRACED)
    assert states.describe_state_machine(stateMachineArn=arn)["tracingConfiguration"] == {
        "enabled": True
    }


def test_a_trail_keeps_its_tags(account: Account) -> None:
    trails = account.client("cloudtrail")
    arn = trails.create_trail(
        Name="trail", S3BucketName="files", TagsList=[{"Key": "team", "Value": "shop"}]
    )["TrailARN"]
    (stated,) = trails.list_tags(ResourceIdList=[arn])["ResourceTagList"]
    assert stated["TagsList"] == [{"Key": "team", "Value": "shop"}]


def test_services_of_an_organization_are_listed(account: Account) -> None:
    listed = account.client("organizations").list_aws_service_access_for_organization()
    assert listed["EnabledServicePrincipals"] == []
