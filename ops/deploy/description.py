"""Reads a hub's description: a parameter in its account and region, written by Terraform."""

import json

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from ops.deploy.caller import Caller
from ops.deploy.hubs import Json
from ops.errors import OpsError

_BY_NAMES = (
    "The hub is assumed to have the names that the modules give its parts, and the role path "
    "{path}. For another path, give HUB_IAM_PATH=."
)


def described_hub(caller: Caller, name_prefix: str, region: str) -> Json | None:
    """Returns the hub; None if the caller's account has no description or denies access."""
    ssm = caller.session.client("ssm", region_name=region)
    try:
        answer = ssm.get_parameter(Name=_parameter(name_prefix))
        hub: Json | None = json.loads(answer["Parameter"]["Value"])["hub"]
    except (ClientError, BotoCoreError, ValueError, KeyError, TypeError):
        return None
    return hub


def hub_of_bus(
    bus: str, caller: Caller, profile: str, iam_path: str, console: Console
) -> Json | None:
    """Returns the hub with this bus, read as the caller or with a profile of the hub's account.

    Prints a note if it cannot be read. Raises OpsError for a profile of another account.
    """
    _, _, _, region, account_id, path = bus.split(":", 5)
    prefix = path.removeprefix("event-bus/").removesuffix("-hub")
    if profile:
        try:
            caller = Caller.in_region(region, profile)
        except OpsError as error:
            raise OpsError(f"HUB_PROFILE={profile}: {error}") from None
        if caller.account_id != account_id:
            raise OpsError(
                f"HUB_PROFILE={profile} is of account {caller.account_id}, and the hub of "
                f"{account_id}."
            )
    by_names = _BY_NAMES.format(path=iam_path)
    if caller.account_id != account_id:
        note = (
            f"{by_names} To have it read how the hub describes itself, give "
            f"HUB_PROFILE=<a profile of account {account_id}>."
        )
        console.print(note, markup=False, highlight=False, soft_wrap=True)
        return None
    hub = described_hub(caller, prefix, region)
    if hub and hub["event_bus_arn"] == bus:
        return hub
    note = (
        f"The parameter {_parameter(prefix)} of account {account_id}, region {region}, describes "
        f"no hub with this bus, or may not be read. {by_names}"
    )
    console.print(note, markup=False, highlight=False, soft_wrap=True)
    return None


def _parameter(name_prefix: str) -> str:
    return f"/image-scan/{name_prefix}/installation"
