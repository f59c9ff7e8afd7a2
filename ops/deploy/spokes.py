"""The commands `deploy-region` and `deploy-spoke-stackset`: they deploy spokes."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console

from ops.deploy import trail
from ops.deploy.caller import Caller
from ops.deploy.deployment import ORG_SPOKE, REGIONAL_SPOKE, Deployment
from ops.deploy.description import described_hub, hub_of_bus
from ops.deploy.hubs import hub_by_bus, hub_by_names, hub_in_account
from ops.deploy.locations import locations
from ops.deploy.organization import refuse_without_access
from ops.deploy.project import variables
from ops.deploy.qualys import registry_trust
from ops.deploy.rollout import (
    DESTROY,
    add_actions,
    nothing_to_destroy,
    refuse_if_nobody_can_be_asked,
    roll_out,
)
from ops.deploy.roots import Inputs, Root
from ops.deploy.settings import SHAPES, Settings
from ops.deploy.states import States, by_region
from ops.deploy.target import Target
from ops.errors import OpsError
from ops.hints import make

# Values for a destroy if the hub is gone: it creates no resource from them.
_ANY_HUB, _ = hub_by_names(
    SHAPES["CentralEventBusArn"][1], "", registry_role="", imports=False, iam_path="/"
)


def configure_region(parser: argparse.ArgumentParser) -> None:
    parser.description = "Makes other regions of this account forward events to it (REGION=a,b)."
    add_actions(parser)


def configure_stackset(parser: argparse.ArgumentParser) -> None:
    parser.description = "Makes the accounts of organizational units forward events to the hub."
    add_actions(parser)


def run_region(arguments: argparse.Namespace, console: Console) -> int:
    action = arguments.action
    given, known = _given("modules/regional-spoke", action, *trail.VARIABLES)
    given.need("REGION")
    regions = list(dict.fromkeys(given.words("REGION")))
    caller = Caller.in_region(regions[0])
    where = locations(given, caller)
    roots = []
    for region in regions:
        of = Deployment(REGIONAL_SPOKE, given.name_prefix, caller.account_id, region)
        target = Target.found(of, where, given, console)
        if nothing_to_destroy(target, action, console):
            continue
        hub = _hub_of_region(target, caller, action)
        roots.append(
            Root(
                target,
                "modules/regional-spoke",
                {"hub": hub, "name_prefix": given.name_prefix},
                Inputs.of(target, known),
                takes_trail=True,
                stored={"HUB_REGION": hub["region"]},
            )
        )
    after = [
        f"{make('doctor', given.name_prefix, REGION=region)}   # checks the deployment"
        for region in regions
    ]
    return roll_out(roots, action, given, console, after)


def run_stackset(arguments: argparse.Namespace, console: Console) -> int:
    action = arguments.action
    given, known = _given("modules/org-spoke", action)
    caller = Caller.in_region(given.one_region())
    where = locations(given, caller)
    region = _region_of_stacksets(given, caller, where)
    caller = replace(caller, region=region)
    of = Deployment(ORG_SPOKE, given.name_prefix, caller.account_id, region)
    target = Target.found(of, where, given, console)
    if nothing_to_destroy(target, action, console):
        return 0
    inputs = Inputs.of(target, known)
    settings = target.settings
    hub, pattern = _hub_of_organization(target, inputs, caller, action, console)
    given_as = {**inputs.remembered_file, **inputs.given}.get("call_as")
    call_as = str(given_as or settings.get("CALL_AS") or "SELF")
    if action != DESTROY and "call_as" not in inputs.from_file:
        refuse_without_access(caller, call_as, console)
    root = Root(
        target,
        "modules/org-spoke",
        {
            **({} if pattern else {"hub": hub}),
            **_reach(settings, region, action),
            "call_as": call_as,
            "registry_role": _registry_role(settings, caller, action),
        },
        inputs,
        expressions={"hub": {**hub, "event_pattern": pattern}} if pattern else {},
        stored=_path_of_hub(hub, settings),
    )
    after = (
        "StackSets do not reach this account itself: examples/organization has a spoke for it.",
        "With credentials of a member: " + make("doctor", given.name_prefix, REGION="<region>"),
    )
    return roll_out([root], action, given, console, after)


def _reach(settings: Settings, region: str, action: str) -> dict[str, Any]:
    """Returns the inputs that say which accounts and regions the StackSets reach."""
    return {
        "name_prefix": settings.name_prefix,
        "organizational_unit_ids": _words(settings, "OrgUnitIds", action),
        "regions": settings.words("REGIONS") or [region],
        "roles_region": region,
        "accounts": {
            "include": settings.words("INCLUDE_ACCOUNTS"),
            "exclude": settings.words("EXCLUDE_ACCOUNTS"),
        },
    }


def _given(module: str, action: str, *more: str) -> tuple[Settings, list[str]]:
    """Returns the given settings and the variables of the module and of the root, checked without
    calls to AWS."""
    given = Settings.given()
    given.refuse_wrong_values()
    known = [*(name for name in variables(module) if name != "hub"), *more]
    given.variables(known)
    given.variables_file(known)
    refuse_if_nobody_can_be_asked(action, given)
    return given, known


def _hub_of_region(target: Target, caller: Caller, action: str) -> dict[str, Any]:
    """Returns the hub from its own state, else from its description in HUB_REGION."""
    of, region = target.deployment, target.settings.get("HUB_REGION")
    try:
        return hub_in_account(target.states, of.name_prefix, of.account_id, region)
    except OpsError:
        if region and (hub := described_hub(caller, of.name_prefix, region)):
            return hub
        if action != DESTROY:
            raise
    return {**_ANY_HUB, "event_pattern": "{}"}


def _region_of_stacksets(given: Settings, caller: Caller, where: Sequence[States]) -> str:
    """Returns the region of the bus; if that is not given, the region of existing StackSets."""
    if bus := given.get("CentralEventBusArn"):
        return bus.split(":")[3]
    found = list(by_region(where[0], ORG_SPOKE, given.name_prefix, caller.account_id))
    return found[0] if len(found) == 1 else caller.region


def _hub_of_organization(
    target: Target, inputs: Inputs, caller: Caller, action: str, console: Console
) -> tuple[dict[str, Any], str]:
    """Returns the hub from its own state, else its description, else by the names of its parts."""
    settings = target.settings
    organization = _needed(settings, "OrganizationId", action)
    account = _needed(settings, "SecurityAccountId", action)
    bus = _needed(settings, "CentralEventBusArn", action)
    if bus.split(":")[4] != account and action != DESTROY:
        raise OpsError(f"CentralEventBusArn is not a bus of SecurityAccountId={account}.")
    # A profile is of this machine: it is not remembered.
    path, profile = settings.get("HUB_IAM_PATH") or "/", target.given.get("HUB_PROFILE")
    hub = hub_by_bus(target.states, bus)
    if not hub and action != DESTROY:
        hub = hub_of_bus(bus, caller, profile, path, console)
    if hub:
        if action != DESTROY:
            _refuse_another_organization(hub, organization)
        return hub, ""
    return hub_by_names(
        bus,
        organization,
        registry_role=settings.get("EXISTING_ROLE_NAME"),
        imports=inputs.given.get("security_hub") is True,
        iam_path=path,
    )


def _refuse_another_organization(hub: dict[str, Any], organization: str) -> None:
    admitted = hub.get("organization_id")
    if admitted and admitted != organization:
        raise OpsError(
            f"OrganizationId={organization} is not the organization of the hub, {admitted}: no "
            "event would reach it. Give that one, or deploy the hub for the other."
        )


def _path_of_hub(hub: dict[str, Any], settings: Settings) -> dict[str, str]:
    """Returns the hub's path if it differs, for a next run that may not be able to read the hub."""
    path = str(hub.get("iam_path") or "/")
    return {} if path == (settings.get("HUB_IAM_PATH") or "/") else {"HUB_IAM_PATH": path}


def _registry_role(settings: Settings, caller: Caller, action: str) -> dict[str, str]:
    name, create = settings.get("EXISTING_ROLE_NAME"), settings.is_set("CREATE_ROLE")
    if name and not create:
        return {"existing_name": name}
    if action == DESTROY:
        return {"qualys_account_id": "000000000000", "external_id": "unused"}
    if name or not create:
        raise OpsError(
            "Say which role the Registry Sensor assumes in members: EXISTING_ROLE_NAME=... or "
            "CREATE_ROLE=true; one of them."
        )
    return registry_trust(settings, caller)


def _needed(settings: Settings, name: str, action: str) -> str:
    """Returns a setting. Raises OpsError if it is missing, except for a destroy, which does not
    use it."""
    if action == DESTROY and not settings.get(name):
        return SHAPES[name][1]
    return settings.need(name)


def _words(settings: Settings, name: str, action: str) -> list[str]:
    _needed(settings, name, action)
    return settings.words(name) or [SHAPES[name][1]]
