"""Trust in a role ends with the role; one of the same name is another role."""

import json

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import Principal
from tests.sandbox.account import EVERYTHING, Account


@pytest.fixture
def hub(account: Account) -> Account:
    return Account(account.aws, str(int(account.id) + 400_000_000_000))


def reader(hub: Account) -> tuple[str, Principal]:
    """A role of the hub and a session of it."""
    user = hub.aws.create_user("user", EVERYTHING, hub.id)
    arn = hub.aws.create_role("reader", {"AWS": user.arn}, EVERYTHING, hub.id)
    return arn, hub.aws.assume(user, arn)


def made_again(hub: Account) -> Principal:
    """A session of a new role with the name of the old one."""
    iam = hub.client("iam")
    for name in iam.list_role_policies(RoleName="reader")["PolicyNames"]:
        iam.delete_role_policy(RoleName="reader", PolicyName=name)
    iam.delete_role(RoleName="reader")
    user = hub.aws.create_user("again", EVERYTHING, hub.id)
    return hub.aws.assume(
        user, hub.aws.create_role("reader", {"AWS": user.arn}, EVERYTHING, hub.id)
    )


@pytest.mark.parametrize("updated", [False, True], ids=["created", "updated"])
def test_a_role_that_is_named_is_trusted_by_its_id(
    account: Account, hub: Account, updated: bool
) -> None:
    trusted, session = reader(hub)
    named, iam = {"AWS": [trusted]}, account.client("iam")
    role = account.aws.create_role("read", {"AWS": "*"} if updated else named, None, account.id)
    if updated:
        statement = {"Effect": "Allow", "Principal": named, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.update_assume_role_policy(RoleName="read", PolicyDocument=trust)
    assert account.aws.assume(session, role).account == account.id
    again = made_again(hub)
    shown = iam.get_role(RoleName="read")["Role"]["AssumeRolePolicyDocument"]
    (principal,) = shown["Statement"][0]["Principal"]["AWS"]
    assert principal.startswith("AROA")
    with pytest.raises(ClientError, match="AccessDenied"):
        account.aws.assume(again, role)


def test_a_role_that_a_condition_names_may_be_made_again(account: Account, hub: Account) -> None:
    trusted, session = reader(hub)
    role = account.aws.create_role("read", {"AWS": f"arn:aws:iam::{hub.id}:root"}, None, account.id)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{hub.id}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": trusted}},
    }
    account.client("iam").update_assume_role_policy(
        RoleName="read",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    assert account.aws.assume(session, role).account == account.id
    assert account.aws.assume(made_again(hub), role).account == account.id
    other = hub.aws.create_user("other", EVERYTHING, hub.id)
    with pytest.raises(ClientError, match="AccessDenied"):
        account.aws.assume(other, role)
