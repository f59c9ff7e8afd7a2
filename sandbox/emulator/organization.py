"""Which organization an account is of, for the condition keys that ask it."""

from typing import Any

from ministack.core import iam_evaluator as iam
from ministack.core.arn import parse_arn
from ministack.services import organizations


def organization_of(stock: Any, account: str) -> str | None:
    """Finds the organization of a member account; ministack knows that of the master alone."""
    for master, member in list(organizations._accounts._data):
        if member == account:
            return str(organizations._orgs.get_scoped(master, None, "self")["Id"])
    own = stock(account)
    return None if own is None else str(own)


def value_of(stock: Any, key: str, context: iam.EvalContext) -> Any:
    """Resolves `aws:ResourceOrgID` by the owner of a resource; ministack has no such key."""
    if key.lower() != "aws:resourceorgid":
        return stock(key, context)
    owner = parse_arn(context.resource_arn).account_id if context.resource_arn else ""
    return iam._principal_org_id(owner or context.principal_account)
