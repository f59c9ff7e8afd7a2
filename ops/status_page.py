"""How `status` shows what it has read."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.where import STYLES

Json = dict[str, Any]


def show(found: Mapping[str, Any], console: Console) -> None:
    """Prints facts of the installation, and a table of its last scans."""
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
            facts.append((alarm["name"], Text(f"ALARM {alarm['reason']}", style="red")))
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
