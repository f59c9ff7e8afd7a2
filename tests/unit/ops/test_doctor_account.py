"""What the account gives Lambda, and whom a member's describe role trusts."""

from typing import Any

import pytest

from ops.deploy.hubs import READERS
from ops.doctor import hub, parts, roles
from ops.doctor.findings import Finding
from tests.support.builders import client_error
from tests.unit.ops.test_doctor_checks import ACCOUNT, Client, make_here

HUB, PREFIX = "222222222222", "qualys-image-scan"


@pytest.mark.parametrize(
    ("free", "verdict"), [(10, "hint"), (100, "hint"), (101, "pass"), (1000, "pass")]
)
def test_how_many_functions_may_run_at_once(free: int, verdict: str) -> None:
    limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": free}
    client = Client(get_account_settings={"AccountLimit": limits})
    found = parts.concurrency_quota(make_here(**{"lambda": client}))
    assert (found.verdict, str(free) in found.reason) == (verdict, True)
    assert (
        found.remedy
        == {
            "pass": "",
            "hint": "aws service-quotas request-service-quota-increase --service-code lambda "
            "--quota-code L-B99A9384 --desired-value 1000 --region eu-west-1",
        }[verdict]
    )


def describe_role(*trusted: str) -> Finding:
    """The check in a member whose describe role trusts these roles of the hub."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
        "Condition": {
            "ArnLike": {"aws:PrincipalArn": list(trusted)},
            "StringEquals": {"sts:ExternalId": f"{PREFIX}-{HUB}"},
        },
    }
    name = f"{PREFIX}-describe"
    role = {
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "AssumeRolePolicyDocument": {"Statement": [statement]},
    }
    here = make_here(iam=Client(get_role={"Role": role}))
    here.hub_bus_arn = f"arn:aws:events:us-east-1:{HUB}:event-bus/{PREFIX}-hub"
    return roles.describe_role(here)


def reader(function: str) -> str:
    return f"arn:aws:iam::{HUB}:role/security/{PREFIX}-{function}-us-east-1"


def test_a_describe_role_that_trusts_all_readers() -> None:
    found = describe_role(*(reader(function) for function in READERS))
    assert (found.verdict, found.remedy) == ("pass", "")


@pytest.mark.parametrize("left_out", READERS)
def test_a_describe_role_that_leaves_one_reader_out(left_out: str) -> None:
    found = describe_role(*(reader(function) for function in READERS if function != left_out))
    assert found.verdict == "fail"
    assert f"does not trust {PREFIX}-{left_out}-us-east-1 of account {HUB}" in found.reason


ACTIVATE = "aws cloudformation activate-organizations-access --region eu-west-1"


def access_of(answer: Any, **environment: str) -> Finding:
    client = Client(describe_organizations_access=answer)
    stated = {"HUB_ACCOUNT_ID": ACCOUNT, "SPOKE_ACCOUNT_IDS": "", **environment}
    return hub.stack_sets_access(make_here(stated, cloudformation=client))


@pytest.mark.parametrize(
    ("status", "verdict", "remedy"),
    [
        ("ENABLED", "pass", ""),
        ("DISABLED", "hint", f"{ACTIVATE}   # with credentials of the management account"),
    ],
)
def test_whether_stacksets_may_reach_members(status: str, verdict: str, remedy: str) -> None:
    found = access_of({"Status": status})
    assert (found.verdict, found.remedy) == (verdict, remedy)


def test_a_hub_that_administers_stacksets_asks_as_such() -> None:
    def answer(arguments: dict[str, str]) -> Any:
        as_administrator = arguments["CallAs"] == "DELEGATED_ADMIN"
        return {"Status": "ENABLED"} if as_administrator else client_error("ValidationError")

    assert access_of(answer).verdict == "pass"


def test_a_hub_that_may_not_ask() -> None:
    found = access_of(client_error("ValidationError"))
    assert found.verdict == "unknown"
    assert found.remedy.startswith("aws cloudformation describe-organizations-access --region")


def test_a_hub_of_listed_accounts_needs_no_stacksets() -> None:
    assert access_of(AssertionError("asked"), SPOKE_ACCOUNT_IDS="333333333333").verdict == "pass"
