"""Task definitions are deregistered before they are deleted."""

from typing import Any

import pytest

from tests.sandbox.account import Account


@pytest.fixture
def arn(account: Account) -> str:
    container = {"name": "app", "image": "public.ecr.aws/nginx/nginx:1"}
    made = account.client("ecs").register_task_definition(
        family="app", containerDefinitions=[container]
    )
    return str(made["taskDefinition"]["taskDefinitionArn"])


def delete(account: Account, arn: str) -> tuple[list[str], list[Any]]:
    """The revisions that are being deleted, and the failures."""
    answer = account.client("ecs").delete_task_definitions(taskDefinitions=[arn])
    return [each["status"] for each in answer["taskDefinitions"]], answer["failures"]


def test_an_active_one_is_not_deleted(account: Account, arn: str) -> None:
    deleted, failures = delete(account, arn)
    assert deleted == []
    reason = (
        "The specified task definition is still in ACTIVE status. Please deregister the target "
        "and try again."
    )
    assert failures == [{"arn": arn, "reason": reason}]
    found = account.client("ecs").describe_task_definition(taskDefinition=arn)
    assert found["taskDefinition"]["status"] == "ACTIVE"


def test_a_deregistered_one_is(account: Account, arn: str) -> None:
    account.client("ecs").deregister_task_definition(taskDefinition=arn)
    assert delete(account, arn) == (["DELETE_IN_PROGRESS"], [])
