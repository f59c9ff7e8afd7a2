"""Before StackSets are planned: may CloudFormation deploy to the accounts of the organization?"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ops.deploy import organization
from tests.support.builders import client_error
from tests.support.deploying import STACKSET, Clone
from tests.unit.ops.test_doctor_checks import Client

ACTIVATE = "aws cloudformation activate-organizations-access"


def client(answer: Any) -> Client:
    return Client(describe_organizations_access=answer)


@pytest.mark.parametrize("action", [(), ("--plan",)])
@pytest.mark.parametrize("access", ["DISABLED", "DISABLED_PERMANENTLY"])
def test_without_access_nothing_is_planned(
    clone: Clone, action: tuple[str, ...], access: str
) -> None:
    clone.access = access
    said = clone.refuses("deploy-spoke-stackset", *action, **STACKSET)
    assert said.endswith(f"with credentials of its management account: {ACTIVATE}\n")
    assert f"({access})" in said
    assert not list(clone.folder.rglob("main.tf.json"))


def test_what_was_deployed_is_destroyed_without_access(clone: Clone) -> None:
    clone.must("deploy-spoke-stackset", **STACKSET)
    clone.access = "DISABLED"
    assert "Destroyed." in clone.must("deploy-spoke-stackset", "--destroy", AUTO_APPROVE="1")


@pytest.mark.parametrize(
    "error",
    [
        client_error("AccessDenied"),
        EndpointConnectionError(endpoint_url="https://cloudformation.us-east-1.amazonaws.com"),
    ],
)
def test_what_cannot_be_asked_is_said_and_planned(clone: Clone, error: Exception) -> None:
    clone.access = error
    said = clone.must("deploy-spoke-stackset", **STACKSET)
    assert "It is unknown whether CloudFormation may deploy" in said
    assert "Applied." in said


def test_an_account_that_administers_no_stacksets_is_refused(clone: Clone) -> None:
    clone.access = ""
    assert "Account 123456789012 is neither." in clone.refuses("deploy-spoke-stackset", **STACKSET)


def test_access_is_read_as_the_caller_or_as_a_delegated_administrator() -> None:
    asked: list[dict[str, str]] = []

    def enabled(arguments: dict[str, str]) -> dict[str, str]:
        asked.append(arguments)
        return {"Status": "ENABLED"}

    assert organization.access(client(enabled), "DELEGATED_ADMIN") == "ENABLED"
    assert asked == [{"CallAs": "DELEGATED_ADMIN"}]
    assert organization.access(client(client_error("ValidationError")), "SELF") == ""
    with pytest.raises(ClientError):
        organization.access(client(client_error("AccessDenied")), "SELF")
