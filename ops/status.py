"""The command `status`: how an installation is, on one page."""

import argparse
import json
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.cache_items import CacheItems, is_known
from ops.errors import OpsError
from ops.event_queue import EventQueue
from ops.installation import Installation, add_options, answers
from ops.inventory_rows import InventoryRows
from ops.scan import Scans, verdict_of
from ops.where import STYLES

Json = dict[str, Any]
_RECENT = 10
_REPOSITORY = Path(__file__).resolve().parents[1]
_STATES = {"OK": "green", "ALARM": "red"}
_METRICS = ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows versions, recent scans and their verdicts, the cache, the queues and the alarms of "
        "an installation. The exit status is 0, whatever it shows: `doctor` judges."
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    installation = Installation.of(arguments)
    notes = Console(stderr=True) if arguments.json else console
    with notes.status("Asking AWS"):
        found = read(installation)
    if arguments.json:
        console.print_json(json.dumps(found))
    else:
        _show(found, console)
    return 0


def read(installation: Installation) -> Json:
    """All of it, ready for JSON; times in ISO 8601."""
    cache = _cache(installation)
    return {
        "installation": {
            "name_prefix": installation.name_prefix,
            "account_id": installation.account_id,
            "region": installation.region,
        },
        "checkout": checkout(),
        "functions": _functions(installation),
        "intake_last_day": _intake(installation),
        "scans": _scans(installation),
        "cache": cache,
        "coverage": _coverage(installation),
        "queues": _queues(installation),
        "alarms": _alarms(installation),
    }


def checkout() -> str:
    """The version of this working copy, as git names it; empty outside of one."""
    command = ["git", "describe", "--tags", "--always", "--dirty"]
    try:
        reported = subprocess.run(
            command, cwd=_REPOSITORY, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return reported.stdout.strip()


def _functions(installation: Installation) -> list[Json]:
    """Runtime, code and time of each function; those of one deployment have the same code."""
    client = installation.client("lambda")
    found = []
    for step, name in installation.function_names.items():
        try:
            with answers():
                reported = client.get_function_configuration(FunctionName=name)
        except OpsError as error:
            if not isinstance(error.__cause__, ClientError):
                raise
            found.append({"step": step, "problem": str(error)})
            continue
        found.append(
            {
                "step": step,
                "runtime": reported.get("Runtime", ""),
                "code_sha256": reported["CodeSha256"],
                "changed": reported["LastModified"],
            }
        )
    return found


def _intake(installation: Installation) -> Json:
    """Executions of the intake by metric; Step Functions keeps no list of Express ones."""
    client = installation.client("cloudwatch")
    now = datetime.now(UTC)
    dimensions = [{"Name": "StateMachineArn", "Value": installation.intake_state_machine_arn}]
    sums = {}
    for metric in _METRICS:
        with answers():
            reported = client.get_metric_statistics(
                Namespace="AWS/States",
                MetricName=metric,
                Dimensions=dimensions,
                StartTime=now - timedelta(days=1),
                EndTime=now,
                Period=86_400,
                Statistics=["Sum"],
            )
        sums[metric] = int(sum(point["Sum"] for point in reported["Datapoints"]))
    return sums


def _scans(installation: Installation) -> list[Json]:
    """The newest scans, and how they ended."""
    scans = Scans(installation)
    found = []
    for row in scans.newest(_RECENT):
        execution = scans.describe(row["executionArn"])
        image = json.loads(execution.get("input") or "{}").get("image", {})
        found.append(
            {
                "name": row["name"],
                "image": image.get("uri", ""),
                "began": row["startDate"].isoformat(timespec="seconds"),
                "status": row["status"],
                **verdict_of(execution),
            }
        )
    return found


def _cache(installation: Installation) -> Json:
    """How many images the table knows, by verdict, and how many expired items it still holds."""
    known: Counter[str] = Counter()
    expired = 0
    for item in CacheItems(installation).all("ttl"):
        if is_known(item):
            known[item["status"]] += 1
        else:
            expired += 1
    return {"known": dict(sorted(known.items())), "expired": expired, "at": int(time.time())}


def _coverage(installation: Installation) -> Json | None:
    """What the last reconciliation found; None before the first one."""
    history = InventoryRows(installation).coverage()
    return history[-1] if history else None


def _queues(installation: Installation) -> list[Json]:
    names = [installation.failed_events_queue, installation.undelivered_events_queue]
    if installation.has_queue(installation.unforwarded_events_queue):
        names.append(installation.unforwarded_events_queue)
    return [{"name": name, "messages": EventQueue(installation, name).count()} for name in names]


def _alarms(installation: Installation) -> list[Json]:
    pages = installation.client("cloudwatch").get_paginator("describe_alarms")
    with answers():
        return [
            {
                "name": alarm["AlarmName"],
                "state": alarm["StateValue"],
                "reason": alarm.get("StateReason", ""),
            }
            for page in pages.paginate(AlarmNamePrefix=f"{installation.name_prefix}-")
            for alarm in page["MetricAlarms"]
        ]


def _show(found: Mapping[str, Any], console: Console) -> None:
    installation = found["installation"]
    title = (
        f"{installation['name_prefix']} in {installation['account_id']}, {installation['region']}"
    )
    console.print(Text(title, style="bold"))
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in _facts(found):
        table.add_row(name, value)
    console.print(table)
    console.print()
    _show_scans(found["scans"], console)


def _facts(found: Mapping[str, Any]) -> list[tuple[str, Text]]:
    intake, coverage = found["intake_last_day"], found["coverage"]
    known = ", ".join(f"{n} {status}" for status, n in found["cache"]["known"].items())
    facts = [
        ("checkout", Text(found["checkout"] or "not a git checkout")),
        ("functions", _code(found["functions"])),
        ("events, 1 day", Text(f"{intake['ExecutionsStarted']} taken, {_failures(intake)} failed")),
        ("cache", Text(known or "empty")),
        ("coverage", _covered(coverage)),
    ]
    for queue in found["queues"]:
        style = "red" if queue["messages"] else "green"
        facts.append((queue["name"], Text(f"{queue['messages']} events", style=style)))
    states = Counter(alarm["state"] for alarm in found["alarms"])
    counts = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
    facts.append(("alarms", Text(counts or "none")))
    for alarm in found["alarms"]:
        if alarm["state"] == "ALARM":
            facts.append((alarm["name"], Text(f"ALARM {alarm['reason']}", style=_STATES["ALARM"])))
    return facts


def _failures(intake: Mapping[str, int]) -> int:
    return intake["ExecutionsFailed"] + intake["ExecutionsTimedOut"]


def _code(functions: list[Json]) -> Text:
    """Runtime and code in one line when all functions agree, what is wrong otherwise."""
    if problems := [each["problem"] for each in functions if "problem" in each]:
        return Text("; ".join(problems), style="red")
    if len({each["code_sha256"] for each in functions}) > 1:
        return Text("not all of one version: make deploy", style="yellow")
    first = functions[0]
    words = f"{len(functions)}, {first['runtime']}, code {first['code_sha256'][:12]}"
    return Text(f"{words}, of {max(each['changed'] for each in functions)[:19]}")


def _covered(coverage: Json | None) -> Text:
    if coverage is None:
        return Text("not known before the first reconciliation: `make backfill` does it now")
    fresh, running = coverage["fresh_verdicts"], coverage["running_images"]
    share = f"{coverage['coverage_percent']} %: {fresh} of {running} running images have a verdict"
    return Text(f"{share}, {coverage['at']}")


def _show_scans(scans: list[Json], console: Console) -> None:
    if not scans:
        console.print("No image was scanned yet.")
        return
    table = Table(title=f"The last {len(scans)} scans")
    table.add_column("began", no_wrap=True)
    for name in ("image", "verdict", "reason"):
        table.add_column(name, overflow="fold")
    for scan in scans:
        verdict = Text(scan["verdict"], style=STYLES.get(scan["verdict"], ""))
        table.add_row(scan["began"][:19], Text(scan["image"]), verdict, Text(scan["reason"]))
    console.print(table)
