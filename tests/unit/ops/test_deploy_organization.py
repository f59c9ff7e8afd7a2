"""Before StackSets are planned: may CloudFormation deploy to the accounts of the organization?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ops.deploy import organization
from ops.deploy.caller import Caller
from ops.errors import OpsError
from tests.support.builders import client_error
from tests.support.deploying import Clone
from tests.unit.ops.test_deploy_input import STACKSET
from tests.unit.ops.test_doctor_checks import Client, Session

if TYPE_CHECKING:
    from pathlib import Path

ACTIVATE = "aws cloudformation activate-organizations-access"


@pytest.fixture
def clone(
    cloud: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Clone:
    return Clone(tmp_path, monkeypatch, capsys)


def caller(answer: Any) -> Caller:
    session: Any = Session({"cloudformation": Client(describe_organizations_access=answer)})
    return Caller(session, "123456789012", "aws", "us-east-1")


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


def test_what_may_not_be_asked_is_said_and_planned(clone: Clone) -> None:
    clone.access = ""
    said = clone.must("deploy-spoke-stackset", **STACKSET)
    assert "It cannot be asked whether CloudFormation may deploy" in said
    assert "Applied." in said


def test_whom_cloudformation_tells() -> None:
    asked: list[dict[str, str]] = []

    def enabled(arguments: dict[str, str]) -> dict[str, str]:
        asked.append(arguments)
        return {"Status": "ENABLED"}

    assert organization.access(caller(enabled), "DELEGATED_ADMIN") == "ENABLED"
    assert asked == [{"CallAs": "DELEGATED_ADMIN"}]


@pytest.mark.parametrize(
    "error",
    [
        client_error("AccessDenied"),
        EndpointConnectionError(endpoint_url="https://cloudformation.us-east-1.amazonaws.com"),
    ],
)
def test_what_cannot_be_asked_is_unknown(error: Exception) -> None:
    assert organization.access(caller(error), "SELF") == ""


def test_an_account_that_administers_no_stacksets() -> None:
    with pytest.raises(OpsError, match="123456789012 is neither"):
        organization.access(caller(client_error("ValidationError")), "SELF")
