"""The roles of an installation: what their policies allow, and what they were seen to do."""

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.aws import ACCOUNT, Aws

Use = tuple[str, str, str]  # role, action, ARN


def roles(aws: Aws, prefix: str, account: str = ACCOUNT) -> dict[str, str]:
    """ARN by name."""
    pages = aws.client("iam", account).get_paginator("list_roles").paginate()
    found = {role["RoleName"]: role["Arn"] for page in pages for role in page["Roles"]}
    return {name: arn for name, arn in found.items() if name.startswith(prefix)}


def declared(aws: Aws, prefix: str, account: str = ACCOUNT) -> set[tuple[str, str]]:
    """Role and action of each statement in the inline policies of the roles so named."""
    iam = aws.client("iam", account)
    return {
        (role, action)
        for role in roles(aws, prefix, account)
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for action in _actions(iam.get_role_policy(RoleName=role, PolicyName=policy))
    }


def used(aws: Aws) -> set[Use]:
    """What roles of any account were allowed since the emulator started."""
    return {(role, action, arn) for role, action, arn in aws.ask("/_sandbox/permissions")["used"]}


def allowed(
    aws: Aws, role_arn: str, calls: Iterable[tuple[str, str]], account: str = ACCOUNT
) -> set[tuple[str, str]]:
    """Those of the calls (action, ARN) that IAM lets the role make."""
    iam = aws.client("iam", account)
    wanted: dict[str, list[str]] = {}
    for action, arn in calls:
        wanted.setdefault(arn, []).append(action)
    return {
        (each["EvalActionName"], arn)
        for arn, actions in wanted.items()
        for each in iam.simulate_principal_policy(
            PolicySourceArn=role_arn, ActionNames=actions, ResourceArns=[arn]
        )["EvaluationResults"]
        if each["EvalDecision"] == "allowed"
    }


def _actions(answer: dict[str, Any]) -> Iterator[str]:
    for statement in answer["PolicyDocument"]["Statement"]:
        actions = statement["Action"]
        yield from [actions] if isinstance(actions, str) else actions
