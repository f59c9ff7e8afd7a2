"""Finds the hub: the facts that members need about the installation that they forward to."""

from typing import Any

from ops.deploy.deployment import INSTALLATION, Deployment
from ops.deploy.state import State
from ops.deploy.states import States, by_region
from ops.errors import OpsError
from ops.hints import make

Json = dict[str, Any]
_TEMPLATE = "modules/org-spoke/templates/rules.yaml"
# The functions that read member accounts; a test compares them with the hub's output.
READERS = ("parse-event", "reconcile", "send-notification")


def hub_of(state: State | None) -> Json | None:
    """Returns the `hub` output of an installation. An older state has it in `this`."""
    if not state:
        return None
    hub: Json | None = state.output("hub") or (state.output("this") or {}).get("hub")
    return hub


def hub_in_account(states: States, name_prefix: str, account_id: str, region: str) -> Json:
    """Returns the hub of the account's installation; of several, the one in the region.

    Raises OpsError if there is none, or if it is unknown which one.
    """
    old = Deployment(INSTALLATION, name_prefix, account_id, "").old_path
    found = by_region(states, INSTALLATION, name_prefix, account_id).values()
    hubs: dict[str, Json] = {}
    for hub in (hub_of(state) for state in (*found, states.read(old))):
        if hub and hub["account_id"] == account_id:
            hubs.setdefault(str(hub["region"]), hub)
    if region in hubs:
        return hubs[region]
    location = states.where(f"{name_prefix}/{account_id}/<region>/{INSTALLATION}")
    if not hubs or region:
        where = f"region {region} of account {account_id}" if region else f"account {account_id}"
        raise OpsError(
            f"No installation {name_prefix} of {where} is known from {location}: run "
            f"{make('deploy', name_prefix)} or {make('deploy-hub', name_prefix)}, or give the "
            "STATE_BUCKET= that has its state, or the HUB_REGION= in which it describes itself."
        )
    if len(hubs) > 1:
        raise OpsError(
            f"Account {account_id} has installations in {', '.join(sorted(hubs))}: say by "
            "HUB_REGION= which one these regions forward to."
        )
    return hubs.popitem()[1]


def hub_by_bus(states: States, bus: str) -> Json | None:
    """Returns the hub with this bus, if its state is here."""
    _, _, _, region, account_id, path = bus.split(":", 5)
    prefix = path.removeprefix("event-bus/").removesuffix("-hub")
    deployment = Deployment(INSTALLATION, prefix, account_id, region)
    for each in (deployment.path, deployment.old_path):
        hub = hub_of(states.read(each))
        if hub and hub["event_bus_arn"] == bus:
            return hub
    return None


def hub_by_names(
    bus: str, organization_id: str, *, registry_role: str, imports: bool, iam_path: str
) -> tuple[Json, str]:
    """Returns the hub by the names that the modules give its parts, and its event pattern as an
    expression.

    `iam_path` is the path of its roles, which the names do not show.
    """
    _, partition, _, region, account_id, path = bus.split(":", 5)
    prefix = path.removeprefix("event-bus/").removesuffix("-hub")
    facts = {
        "account_id": account_id,
        "region": region,
        "event_bus_arn": bus,
        "organization_id": organization_id,
        "describe_principal_arns": [
            f"arn:{partition}:iam::{account_id}:role{iam_path}{prefix}-{function}-{region}"
            for function in (*READERS, *(["import-findings"] if imports else []))
        ],
        "describe_role_name": f"{prefix}-describe",
        "describe_external_id": f"{prefix}-{account_id}",
        "iam_path": iam_path,
        "registry_role_name": registry_role or f"{iam_path[1:]}{prefix}-registry-{region}",
    }
    # The pattern is only in the module of the members' rule. A deployment's folder is five levels
    # deep.
    template = f'yamldecode(file("${{path.module}}/../../../../../{_TEMPLATE}"))'
    return facts, f"${{jsonencode({template}.Resources.Rule.Properties.EventPattern)}}"
