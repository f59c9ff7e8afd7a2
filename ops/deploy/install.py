"""`deploy` and `deploy-hub`: the install itself."""

import argparse
from collections.abc import Set
from typing import Any

from rich.console import Console

from ops.deploy.caller import Caller
from ops.deploy.project import gateways, variables
from ops.deploy.qualys import registry_trust
from ops.deploy.rollout import DESTROY, add_actions, roll_out
from ops.deploy.roots import Root
from ops.deploy.settings import Settings
from ops.errors import OpsError

NAME = "install"
ROLE_ARN = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+"
ROLE_NAME = r"([!-.0-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}"
ORGANIZATION = r"o-[a-z0-9]{10,32}"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = "Deploys one region of one account, from QUALYS_POD and a registry role."
    add_actions(parser)


def configure_hub(parser: argparse.ArgumentParser) -> None:
    parser.description = "Deploys the hub of an organization, for its accounts to forward to."
    add_actions(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    settings = Settings.given()
    # Other regions may follow by deploy-region at any time.
    root, _ = _root(settings, {"regional": True}, arguments.action)
    after = (
        "make doctor                          # is all of it as it should be?",
        "make deploy-region REGION=eu-west-1  # another region of this account",
    )
    return roll_out([root], arguments.action, settings, console, after)


def run_hub(arguments: argparse.Namespace, console: Console) -> int:
    settings = Settings.given()
    organization = settings.matching("OrganizationId", ORGANIZATION, "o-a1b2c3d4e5")
    spokes: dict[str, Any] = {"organization": {"id": organization}, "regional": True}
    role = _role_name(settings) if settings.get("EXISTING_ROLE_NAME") else ""
    if role:
        spokes["registry_role_name"] = role
    root, caller = _root(settings, spokes, arguments.action)
    bus = f"arn:{caller.partition}:events:{caller.region}:{caller.account_id}:event-bus"
    after = (
        "make doctor   # is all of it as it should be?",
        "With credentials of the organization's management account:",
        f"make deploy-spoke-stackset OrganizationId={organization} OrgUnitIds=ou-... "
        f"SecurityAccountId={caller.account_id} "
        f"CentralEventBusArn={bus}/{settings.name_prefix}-hub "
        + (f"EXISTING_ROLE_NAME={role}" if role else "CREATE_ROLE=true"),
    )
    return roll_out([root], arguments.action, settings, console, after)


def _root(settings: Settings, spokes: dict[str, Any], action: str) -> tuple[Root, Caller]:
    """Everything that was given is looked at before AWS or Qualys are asked for anything."""
    known = variables("")
    given = settings.variables(known)
    from_file = settings.variables_file(known)
    names = set(from_file[1] if from_file else ())
    arguments: dict[str, Any] = {"name_prefix": settings.name_prefix, "spokes": spokes}
    arguments |= _gateway(settings, given.keys() | names)
    way = "" if "registry_role" in given.keys() | names else _way_to_the_role(settings)
    if settings.get("QUALYS_SECRET_ARN"):
        arguments["qualys_secret"] = {"arn": settings.get("QUALYS_SECRET_ARN")}
    if action != DESTROY:
        settings.credential()
    caller = Caller.in_region(settings.get("REGION"))
    if way:
        arguments["registry_role"] = _registry_role(settings, way, caller, action)
    root = Root(
        NAME,
        "",
        caller.account_id,
        caller.region,
        {name: value for name, value in (arguments | given).items() if name not in names},
        from_file=tuple(sorted(names)),
        takes_credential=not settings.get("QUALYS_SECRET_ARN"),
    )
    return root, caller


def _gateway(settings: Settings, given: Set[str]) -> dict[str, str]:
    pods = gateways()
    pod = settings.get("QUALYS_POD")
    if pod and pod not in pods:
        raise OpsError(f"QUALYS_POD={pod} is no Qualys platform: one of {', '.join(pods)}.")
    url = settings.get("QUALYS_GATEWAY_URL")
    if not pod and not url and not given & {"qualys_pod", "qualys_gateway_url"}:
        settings.need("QUALYS_POD", "US2")
    told = {"qualys_pod": pod, "qualys_gateway_url": url}
    return {name: value for name, value in told.items() if value}


def _role_name(settings: Settings) -> str:
    return settings.matching("EXISTING_ROLE_NAME", ROLE_NAME, "qualys-role")


def _way_to_the_role(settings: Settings) -> str:
    """Which of the three ways was chosen. Raises OpsError unless it is one, and well-formed."""
    ways = ("EXISTING_ROLE_ARN", "EXISTING_ROLE_NAME", "CREATE_ROLE")
    chosen = [way for way in ways if settings.get(way)]
    if len(chosen) != 1 or (chosen == ["CREATE_ROLE"] and not settings.is_set("CREATE_ROLE")):
        raise OpsError(
            "Say which role the Registry Sensor assumes: EXISTING_ROLE_ARN=arn:aws:iam::..., or "
            "EXISTING_ROLE_NAME=..., or CREATE_ROLE=true; one of them."
        )
    if chosen == ["EXISTING_ROLE_ARN"]:
        example = "arn:aws:iam::123456789012:role/qualys-role"
        settings.matching("EXISTING_ROLE_ARN", ROLE_ARN, example)
    return chosen[0]


def _registry_role(settings: Settings, way: str, caller: Caller, action: str) -> dict[str, str]:
    if way == "EXISTING_ROLE_ARN":
        return {"existing_arn": settings.get(way)}
    if way == "EXISTING_ROLE_NAME":
        role = f"arn:{caller.partition}:iam::{caller.account_id}:role/{_role_name(settings)}"
        return {"existing_arn": role}
    if action == DESTROY:  # what is written nowhere needs not be asked for
        return {"qualys_account_id": "000000000000", "external_id": "unused"}
    return registry_trust(settings, caller)
