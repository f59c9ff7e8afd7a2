"""The commands `deploy` and `deploy-hub`: they deploy the installation itself."""

import argparse
from collections.abc import Set
from typing import Any

from rich.console import Console

from ops.deploy.caller import Caller
from ops.deploy.deployment import INSTALLATION, Deployment
from ops.deploy.email import with_email
from ops.deploy.locations import locations
from ops.deploy.project import gateways, variables
from ops.deploy.qualys import registry_trust
from ops.deploy.rollout import (
    DESTROY,
    add_actions,
    nothing_to_destroy,
    refuse_if_nobody_can_be_asked,
    roll_out,
)
from ops.deploy.roots import Inputs, Root
from ops.deploy.settings import Settings
from ops.deploy.states import by_region
from ops.deploy.target import Target
from ops.deploy.token import refuse_if_ended
from ops.errors import OpsError
from ops.hints import make

# Values for a destroy that lacks these settings: it creates no resource from them.
_NOBODY = {"qualys_account_id": "000000000000", "external_id": "unused"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = "Deploys one region of one account, from QUALYS_POD and a registry role."
    add_actions(parser)


def configure_hub(parser: argparse.ArgumentParser) -> None:
    parser.description = "Deploys the hub of an organization, for its accounts to forward to."
    add_actions(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    return _run(arguments.action, console, hub=False)


def run_hub(arguments: argparse.Namespace, console: Console) -> int:
    return _run(arguments.action, console, hub=True)


def _run(action: str, console: Console, *, hub: bool) -> int:
    given = with_email(Settings.given(styled=hub))
    given.refuse_wrong_values()
    known = variables("")
    given.variables(known)
    given.variables_file(known)
    if action != DESTROY:
        given.refuse_half_a_credential()
        refuse_if_ended(given.get("QUALYS_API_TOKEN"), console)
    refuse_if_nobody_can_be_asked(action, given)
    caller = Caller.in_region(given.one_region())
    of = Deployment(INSTALLATION, given.name_prefix, caller.account_id, caller.region)
    target = Target.found(of, locations(given, caller), given, console)
    _show_others(target, console)
    if nothing_to_destroy(target, action, console):
        return 0
    if hub and action != DESTROY:
        target.settings.need("OrganizationId")
    inputs = Inputs.of(target, known).with_ca_bundle(target.settings.get("CA_BUNDLE"))
    root = _root(target, caller, inputs, action)
    return roll_out([root], action, given, console, _after(target, caller, inputs))


def _show_others(target: Target, console: Console) -> None:
    """Prints where the account already has installations of this prefix."""
    of = target.deployment
    if target.state:
        return
    others = by_region(target.states, INSTALLATION, of.name_prefix, of.account_id)
    if others:
        note = (
            f"Account {of.account_id} has an installation {of.name_prefix} in {', '.join(others)}, "
            f"none in {of.region}: {make('deploy-region', of.name_prefix, REGION=of.region)} would "
            "forward there."
        )
        console.print(note, highlight=False, soft_wrap=True)


def _after(target: Target, caller: Caller, inputs: Inputs) -> list[str]:
    given, region = target.given, caller.region
    doctor = make("doctor", given.name_prefix, REGION=region)
    lines = [f"{doctor}   # checks the deployment"]
    organization = target.settings.get("OrganizationId")
    if not organization:
        lines.append(make("deploy-region", given.name_prefix, REGION="<another one>"))
        return lines
    role = target.settings.get("EXISTING_ROLE_NAME")
    bus = f"arn:{caller.partition}:events:{region}:{caller.account_id}:event-bus"
    members = {
        "OrganizationId": organization,
        "OrgUnitIds": "ou-...",
        "SecurityAccountId": caller.account_id,
        "CentralEventBusArn": f"{bus}/{given.name_prefix}-hub",
        "HUB_IAM_PATH": {**inputs.remembered_file, **inputs.given}.get("iam_path", ""),
        **({"EXISTING_ROLE_NAME": role} if role else {"CREATE_ROLE": "true"}),
    }
    return [
        *lines,
        "With credentials of the organization's management account:",
        make("deploy-spoke-stackset", given.name_prefix, **members),
    ]


def _root(target: Target, caller: Caller, inputs: Inputs, action: str) -> Root:
    settings = target.settings
    arguments: dict[str, Any] = {"name_prefix": settings.name_prefix, "spokes": _spokes(settings)}
    arguments |= _gateway(settings, inputs.names, action)
    if settings.get("QUALYS_SECRET_ARN"):
        arguments["qualys_secret"] = {"arn": settings.get("QUALYS_SECRET_ARN")}
    way = "" if "registry_role" in inputs.names else _way_to_the_role(settings, action)
    if action != DESTROY:
        settings.credential()
    if way:
        arguments["registry_role"] = _registry_role(settings, way, caller, action)
    return Root(
        target,
        "",
        arguments,
        inputs,
        takes_credential=not settings.get("QUALYS_SECRET_ARN"),
    )


def _spokes(settings: Settings) -> dict[str, Any]:
    """Returns the spokes input. deploy-region may add other regions at any time."""
    spokes: dict[str, Any] = {"regional": True}
    if organization := settings.get("OrganizationId"):
        spokes["organization"] = {"id": organization}
        if role := settings.get("EXISTING_ROLE_NAME"):
            spokes["registry_role_name"] = role
    return spokes


def _gateway(settings: Settings, given: Set[str], action: str) -> dict[str, str]:
    pod, url = settings.get("QUALYS_POD"), settings.get("QUALYS_GATEWAY_URL")
    if not pod and not url and not given & {"qualys_pod", "qualys_gateway_url"}:
        pod = next(iter(gateways())) if action == DESTROY else settings.need("QUALYS_POD")
    reported = {"qualys_pod": pod, "qualys_gateway_url": url}
    return {name: value for name, value in reported.items() if value}


def _way_to_the_role(settings: Settings, action: str) -> str:
    """Returns which of the three ways was chosen. Raises OpsError unless it is exactly one."""
    ways = ("EXISTING_ROLE_ARN", "EXISTING_ROLE_NAME", "CREATE_ROLE")
    chosen = [way for way in ways if settings.get(way)]
    if action == DESTROY:
        return chosen[0] if chosen else "CREATE_ROLE"
    if len(chosen) != 1 or (chosen == ["CREATE_ROLE"] and not settings.is_set("CREATE_ROLE")):
        raise OpsError(
            "Say which role the Registry Sensor assumes: EXISTING_ROLE_ARN=arn:aws:iam::..., or "
            "EXISTING_ROLE_NAME=..., or CREATE_ROLE=true; one of them."
        )
    return chosen[0]


def _registry_role(settings: Settings, way: str, caller: Caller, action: str) -> dict[str, str]:
    if way == "EXISTING_ROLE_ARN":
        return {"existing_arn": settings.get(way)}
    if way == "EXISTING_ROLE_NAME":
        role = f"arn:{caller.partition}:iam::{caller.account_id}:role/{settings.get(way)}"
        return {"existing_arn": role}
    return _NOBODY if action == DESTROY else registry_trust(settings, caller)
