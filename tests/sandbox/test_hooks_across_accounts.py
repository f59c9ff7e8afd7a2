"""A hook's function in another account than the service, and in another region."""

import json

import pytest

from tests.sandbox.account import Account, allow
from tests.sandbox.services import HOOK, SUCCEEDED, Ecs, Json


@pytest.fixture
def member(account: Account) -> Ecs:
    return Ecs(Account(account.aws, f"3{account.id[1:]}"))


def hook(owner: Account, member: Ecs) -> Json:
    """A hook of the member whose function the owner has, for anybody who may invoke it."""
    asked, _ = owner.queue("asked")
    variables = {"ASKED": asked, "ANSWERS": json.dumps([SUCCEEDED])}
    arn = owner.function("gate", HOOK, Environment={"Variables": variables})
    role = member.account.role("hook", "ecs", allow("lambda:InvokeFunction", resource=arn))
    return {"hookTargetArn": arn, "roleArn": role, "lifecycleStages": ["PRE_SCALE_UP"]}


def test_a_function_that_lets_the_account_in_is_called(account: Account, member: Ecs) -> None:
    asked = hook(account, member)
    account.client("lambda").add_permission(
        FunctionName="gate",
        StatementId="member",
        Action="lambda:InvokeFunction",
        Principal=member.account.id,
    )
    assert member.ended(member.create("1", asked))["status"] == "SUCCESSFUL"
    (event,) = (json.loads(each["Body"]) for each in account.messages(account.queue("asked")[0]))
    assert event["executionDetails"]["serviceArn"].split(":")[4] == member.account.id


def test_a_function_without_a_policy_is_not(account: Account, member: Ecs) -> None:
    ended = member.ended(member.create("1", hook(account, member)))
    assert ended["status"] == "ROLLBACK_FAILED"
    assert "not authorized" in ended["statusReason"]
    assert member.ran() == set()


def test_nor_is_a_function_of_another_region(member: Ecs) -> None:
    """A call of Lambda goes to the Lambda of a region, and ECS calls its own."""
    elsewhere = member.account.in_region("eu-west-1")
    ended = member.ended(member.create("1", hook(elsewhere, member)))
    assert ended["status"] == "ROLLBACK_FAILED"
    assert "is of another region" in ended["statusReason"]
