"""Accounts of one organization, and roles that ask for it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account, Json


@pytest.fixture
def organization(account: Account) -> str:
    return str(account.client("organizations").describe_organization()["Organization"]["Id"])


def member_of(account: Account) -> Account:
    organizations = account.client("organizations")
    created = organizations.create_account(AccountName="member", Email="m@example.com")
    return Account(account.aws, created["CreateAccountStatus"]["AccountId"])


def reader(account: Account, organization: str) -> Any:
    """A user who may assume roles named `read`, in accounts of the organization only."""
    statement: Json = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": "arn:aws:iam::*:role/read",
        "Condition": {"StringEquals": {"aws:ResourceOrgID": organization}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return account.aws.create_user("reader", policy, account.id)


def test_a_role_of_the_organization_may_be_assumed(account: Account, organization: str) -> None:
    member = member_of(account)
    user = reader(account, organization)
    role = account.aws.create_role("read", {"AWS": user.arn}, account=member.id)
    assert account.aws.assume(user, role).account == member.id


def test_a_foreign_role_may_not(account: Account, organization: str) -> None:
    user = reader(account, organization)
    role = account.aws.create_role("read", {"AWS": user.arn}, account="333333333399")
    with pytest.raises(ClientError, match="AccessDenied"):
        account.aws.assume(user, role)
