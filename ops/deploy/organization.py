"""Checks whether CloudFormation may deploy to the accounts of the organization."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from ops.deploy.caller import Caller
from ops.doctor.aws_errors import code_of
from ops.errors import OpsError

ACTIVATE = "aws cloudformation activate-organizations-access"


def refuse_without_access(caller: Caller, call_as: str, console: Console) -> None:
    """Raises OpsError if CloudFormation would refuse the StackSets."""
    client = caller.session.client("cloudformation", region_name=caller.region)
    try:
        status = access(client, call_as)
    except (ClientError, BotoCoreError):
        note = (
            "It is unknown whether CloudFormation may deploy to the accounts of the "
            f"organization. If it refuses the StackSets, run: {ACTIVATE}"
        )
        console.print(note, highlight=False, soft_wrap=True)
        return
    if not status:
        raise OpsError(
            "Only the management account of an organization deploys its StackSets, or with "
            "CALL_AS=DELEGATED_ADMIN an account that administers StackSets for it. Account "
            f"{caller.account_id} is neither."
        )
    if status != "ENABLED":
        raise OpsError(
            f"CloudFormation may not deploy to the accounts of the organization ({status}). Run "
            f"with credentials of its management account: {ACTIVATE}"
        )


def access(cloudformation: Any, call_as: str) -> str:
    """Reads ENABLED, DISABLED or DISABLED_PERMANENTLY; empty for an account that may not deploy
    StackSets of an organization. Raises ClientError and BotoCoreError."""
    try:
        return str(cloudformation.describe_organizations_access(CallAs=call_as)["Status"])
    except ClientError as error:
        if code_of(error) == "ValidationError":
            return ""
        raise
