"""ECR's list of who pulls without being recorded."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account

ROLE = "arn:aws:iam::111111111111:role/team/scanner"


def code(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(*arguments, **named)
    return str(refused.value.response["Error"]["Code"])


def listed(account: Account, region: str = "us-east-1") -> list[str]:
    answer = account.in_region(region).client("ecr").list_pull_time_update_exclusions()
    return list(answer["pullTimeUpdateExclusions"])


def test_a_role_is_excluded_in_one_registry_until_it_is_taken_off(account: Account) -> None:
    ecr = account.client("ecr")
    assert listed(account) == []
    made = ecr.register_pull_time_update_exclusion(principalArn=ROLE)
    assert made["principalArn"] == ROLE
    assert made["createdAt"].year > 2020
    assert listed(account) == [ROLE]
    assert listed(account, "eu-west-1") == []
    ecr.deregister_pull_time_update_exclusion(principalArn=ROLE)
    assert listed(account) == []


def test_what_ecr_refuses(account: Account) -> None:
    ecr = account.client("ecr")
    register = ecr.register_pull_time_update_exclusion
    register(principalArn=ROLE)
    assert code(register, principalArn=ROLE) == "ExclusionAlreadyExistsException"
    session = "arn:aws:sts::111111111111:assumed-role/scanner/session"
    assert code(register, principalArn=session) == "InvalidParameterException"
    absent = ROLE + "-2"
    refused = code(ecr.deregister_pull_time_update_exclusion, principalArn=absent)
    assert refused == "ExclusionNotFoundException"


def test_a_list_comes_in_pages_and_ends_at_a_hundred(account: Account) -> None:
    ecr = account.client("ecr")
    for number in range(100):
        ecr.register_pull_time_update_exclusion(principalArn=f"{ROLE}-{number}")
    refused = code(ecr.register_pull_time_update_exclusion, principalArn=ROLE)
    assert refused == "LimitExceededException"
    first = ecr.list_pull_time_update_exclusions(maxResults=60)
    rest = ecr.list_pull_time_update_exclusions(maxResults=60, nextToken=first["nextToken"])
    assert "nextToken" not in rest
    pages = (first["pullTimeUpdateExclusions"], rest["pullTimeUpdateExclusions"])
    assert [len(page) for page in pages] == [60, 40]
