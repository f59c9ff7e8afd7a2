"""`deploy-region` and `deploy-spoke-stackset`: who forwards to an install."""

import argparse
from typing import Any

from rich.console import Console

from ops.deploy import install
from ops.deploy.caller import Caller
from ops.deploy.project import DEPLOYMENTS, variables
from ops.deploy.qualys import registry_trust
from ops.deploy.rollout import DESTROY, add_actions, roll_out
from ops.deploy.roots import Root
from ops.deploy.settings import Settings
from ops.deploy.terraform import Terraform
from ops.errors import OpsError

REGION = r"[a-z]{2}(-[a-z]+)+-[0-9]"
BUS = r"arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/.+-hub"
UNIT = r"(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})"
_TEMPLATE = "modules/org-spoke/templates/rules.yaml"
# The functions that read member accounts; a test compares them with the hub's output.
_READERS = ("parse-event", "reconcile", "send-notification")


def configure_region(parser: argparse.ArgumentParser) -> None:
    parser.description = "Has other regions of this account forward to the install (REGION=a,b)."
    add_actions(parser)


def configure_stackset(parser: argparse.ArgumentParser) -> None:
    parser.description = "Has the accounts of organizational units forward to the hub."
    add_actions(parser)


def run_region(arguments: argparse.Namespace, console: Console) -> int:
    settings = Settings.given()
    settings.need("REGION", "us-west-2,eu-west-1")
    regions = settings.words("REGION")
    for region in regions:
        _must_match("REGION", region, REGION, "us-west-2")
    caller = Caller.in_region(regions[0])
    hub = deployed_hub(settings)
    if not hub:
        raise OpsError("No install is deployed from here yet: run make deploy or make deploy-hub.")
    known = [name for name in variables("modules/regional-spoke") if name != "hub"]
    given = settings.variables(known)
    from_file = settings.variables_file(known)
    names = from_file[1] if from_file else []
    roots = [
        Root(
            f"region-{region}",
            "modules/regional-spoke",
            caller.account_id,
            region,
            {"hub": hub, "name_prefix": settings.name_prefix, **given},
            from_file=tuple(names),
        )
        for region in dict.fromkeys(regions)
    ]
    after = (f"make doctor REGION={regions[0]}   # is all of it as it should be?",)
    return roll_out(roots, arguments.action, settings, console, after)


def run_stackset(arguments: argparse.Namespace, console: Console) -> int:
    settings = Settings.given()
    organization = settings.matching("OrganizationId", install.ORGANIZATION, "o-a1b2c3d4e5")
    settings.need("OrgUnitIds", "ou-ab12-cdef3456")
    units = settings.words("OrgUnitIds")
    for unit in units:
        _must_match("OrgUnitIds", unit, UNIT, "ou-ab12-cdef3456")
    account = settings.matching("SecurityAccountId", "[0-9]{12}", "123456789012")
    example = f"arn:aws:events:us-east-1:{account}:event-bus/qualys-image-scan-hub"
    bus = settings.matching("CentralEventBusArn", BUS, example)
    if bus.split(":")[4] != account:
        raise OpsError(f"CentralEventBusArn is not a bus of SecurityAccountId={account}.")
    region = bus.split(":")[3]
    caller = Caller.in_region(region)
    known = [name for name in variables("modules/org-spoke") if name != "hub"]
    given = settings.variables(known)
    from_file = settings.variables_file(known)
    hub, expressions = _hub(settings, organization, bus, imports=given.get("security_hub") is True)
    root = Root(
        "stackset",
        "modules/org-spoke",
        caller.account_id,
        region,
        {
            **hub,
            "name_prefix": settings.name_prefix,
            "organizational_unit_ids": units,
            "regions": settings.words("REGIONS") or [region],
            "roles_region": region,
            "accounts": {
                "include": settings.words("INCLUDE_ACCOUNTS"),
                "exclude": settings.words("EXCLUDE_ACCOUNTS"),
            },
            **({"call_as": settings.get("CALL_AS")} if settings.get("CALL_AS") else {}),
            "registry_role": _registry_role(settings, caller, arguments.action),
            **given,
        },
        expressions=expressions,
        from_file=tuple(from_file[1] if from_file else ()),
    )
    after = (
        "StackSets do not reach this account itself: examples/organization has a spoke for it.",
        "With credentials of a member: make doctor REGION=<region>",
    )
    return roll_out([root], arguments.action, settings, console, after)


def deployed_hub(settings: Settings) -> dict[str, Any] | None:
    """The `hub` output of the install that was deployed from here; None when none was."""
    folder = DEPLOYMENTS / settings.name_prefix / install.NAME
    if not (folder / "main.tf.json").exists():
        return None
    terraform = Terraform(folder, {}, None)
    terraform.init()
    hub: dict[str, Any] | None = terraform.outputs().get("this", {}).get("hub")
    return hub


def _hub(
    settings: Settings, organization: str, bus: str, *, imports: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The hub as it was deployed from here, else by the names that the modules give."""
    deployed = deployed_hub(settings)
    if deployed and deployed["event_bus_arn"] == bus:
        return {"hub": deployed}, {}
    _, partition, _, region, account, path = bus.split(":", 5)
    prefix = path.removeprefix("event-bus/").removesuffix("-hub")
    role = settings.get("EXISTING_ROLE_NAME") or f"{prefix}-registry-{region}"
    facts = {
        "account_id": account,
        "region": region,
        "event_bus_arn": bus,
        "organization_id": organization,
        "describe_principal_arns": [
            f"arn:{partition}:iam::{account}:role/*{prefix}-{function}-{region}"
            for function in (*_READERS, *(["import-findings"] if imports else []))
        ],
        "describe_role_name": f"{prefix}-describe",
        "describe_external_id": f"{prefix}-{account}",
        "iam_path": "/",
        "registry_role_name": role,
    }
    # The pattern is written once, where the members' rule stands.
    template = f'yamldecode(file("${{path.module}}/../../../{_TEMPLATE}"))'
    pattern = f"${{jsonencode({template}.Resources.Rule.Properties.EventPattern)}}"
    return {}, {"hub": {**facts, "event_pattern": pattern}}


def _registry_role(settings: Settings, caller: Caller, action: str) -> dict[str, str]:
    name, create = settings.get("EXISTING_ROLE_NAME"), settings.is_set("CREATE_ROLE")
    if bool(name) == create:
        raise OpsError(
            "Say which role the Registry Sensor assumes in members: EXISTING_ROLE_NAME=... or "
            "CREATE_ROLE=true; one of them."
        )
    if name:
        return {"existing_name": name}
    if action == DESTROY:
        return {"qualys_account_id": "000000000000", "external_id": "unused"}
    return registry_trust(settings, caller)


def _must_match(name: str, value: str, pattern: str, example: str) -> None:
    Settings({name: value}).matching(name, pattern, example)
