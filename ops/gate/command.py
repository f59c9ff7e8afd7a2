"""The command `gate`: which services have the deployment gate, and what it decided lately."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from image_scan.gate import lifecycle
from ops.answers import answers
from ops.gate import decisions, settings
from ops.installation import Installation, add_options
from ops.logs import seconds

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from rich.console import Console

    from ops.gate.settings import GateSettings

Json = dict[str, Any]
_BATCH = 10  # services in one call
_SHOWN = 20
_STAGES = ("PRE_SCALE_UP", "POST_SCALE_UP")
STYLES = {
    "allowed": "green",
    "blocked": "red",
    "would_block": "yellow",
    "bypassed": "magenta",
    "undecided": "cyan",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows how the deployment gate is set up, which services of this account and region have "
        "its hook, and its last decisions."
    )
    parser.add_argument(
        "--since",
        default=os.environ.get("SINCE") or "7d",
        help="how far back decisions are shown: 15m, 1h, 2d (SINCE; %(default)s)",
    )
    parser.add_argument(
        "--hook",
        choices=("gate", "enforce"),
        help="print the deployment configuration that gives a service the hook, and nothing else: "
        "with the mode of the gate, or enforcing already",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    start = time.time() - seconds(arguments.since)
    installation = Installation.of(arguments)
    gate = settings.require(installation)
    if arguments.hook:
        configuration = {"lifecycleHooks": [_hook(gate, arguments.hook)]}
        console.print(json.dumps(configuration), markup=False, highlight=False, soft_wrap=True)
        return 0
    found = list(services(installation, gate))
    reported: Json = {
        "gate": gate.as_json(),
        "services": [each for each in found if each["stages"]],
        "services_total": len(found),
        "decisions": decisions.since(installation, start),
    }
    if arguments.json:
        console.print_json(json.dumps(reported))
    else:
        _show(reported, console)
    return 0


def _hook(gate: GateSettings, mode: str) -> Json:
    return {**gate.hook, **({"hookDetails": lifecycle.ENFORCE} if mode == "enforce" else {})}


def services(installation: Installation, gate: GateSettings) -> Iterator[Json]:
    """Yields every service of the account and region; `stages` is empty without the hook."""
    ecs = installation.client("ecs")
    with answers():
        for page in ecs.get_paginator("list_clusters").paginate():
            for cluster in page["clusterArns"]:
                arns = [
                    arn
                    for each in ecs.get_paginator("list_services").paginate(cluster=cluster)
                    for arn in each["serviceArns"]
                ]
                for start in range(0, len(arns), _BATCH):
                    batch = arns[start : start + _BATCH]
                    answer = ecs.describe_services(cluster=cluster, services=batch)
                    for each in answer["services"]:
                        yield _service(each, gate)


def _service(described: Json, gate: GateSettings) -> Json:
    configuration = described.get("deploymentConfiguration", {})
    hooks = [
        each
        for each in configuration.get("lifecycleHooks", [])
        # A version or alias of the function follows a colon.
        if f"{each.get('hookTargetArn', '')}:".startswith(f"{gate.function_arn}:")
    ]
    enforces = any(lifecycle.enforces(each.get("hookDetails")) for each in hooks)
    return {
        "cluster": described["clusterArn"].rsplit("/", 1)[-1],
        "service": described["serviceName"],
        "strategy": configuration.get("strategy", "ROLLING"),
        "mode": "enforce" if enforces else gate.mode,
        "stages": sorted({stage for each in hooks for stage in each["lifecycleStages"]}),
    }


def _show(reported: Json, console: Console) -> None:
    gate, gated = reported["gate"], reported["services"]
    policy = gate["policy"]
    only = [name.replace("_", " ") for name in ("only_fixable", "only_exploited") if policy[name]]
    facts = {
        "mode": gate["mode"],
        "blocks": ", ".join([f"{policy['min_severity']} and worse", *only, "malware, secrets"]),
        "undecided": f"{gate['on_undecided']}, after {gate['deadline_minutes']} minutes",
        "way back": f"{gate['rollback_days']} days",
        "services": f"{len(gated)} of {reported['services_total']} have the hook",
    }
    grid = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        grid.add_row(Text(name, style="bold"), value)
    console.print(grid)
    table = Table("cluster", "service", "strategy", "mode", "asked at")
    for each in gated:
        missing = [stage for stage in _STAGES if stage not in each["stages"]]
        asked = Text(", ".join(each["stages"]))
        if missing:
            asked.append(f" (not at {', '.join(missing)})", style="yellow")
        names = [Text(str(each[name])) for name in ("cluster", "service", "strategy", "mode")]
        table.add_row(*names, asked)
    if gated:
        console.print(table)
    show_decisions(reported["decisions"][:_SHOWN], console)


def show_decisions(found: list[Json], console: Console) -> None:
    if not found:
        console.print("No decision was logged in this time.", highlight=False)
        return
    table = Table("time", "service", "decision", "why", title=f"The last {len(found)} decisions")
    for each in found:
        effect = Text(each["effect"].replace("_", " "), style=STYLES.get(each["effect"], ""))
        why = "\n".join(each["reasons"])
        if each["bypass_until"]:
            why = f"open until {each['bypass_until']}\n{why}"
        service = Text(f"{each['cluster']}/{each['service']}")
        table.add_row(each["at"], service, effect, Text(why))
    console.print(table)
