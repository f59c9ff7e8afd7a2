"""Shows the demo's results: the outcome of each image, the expected one, and who was notified."""

from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ops.cache_items import of_name
from ops.locations import name_of
from sandbox.gated import Deployed
from sandbox.installation import Installation
from sandbox.scenario import GATED, Row, Scenario

Json = dict[str, Any]
_COLOURS = {"CLEAN": "green", "FINDINGS": "yellow", "UNSCANNABLE": "magenta"}
ON_CALL = "oncall@example.com"
_WIDE = 110  # columns that the whole table needs
_COUNTS = ("critical", "high", "medium", "low")


def show(console: Console, installation: Installation, scenario: Scenario) -> bool:
    """Prints all tables; true when every row came out as expected and no event was left over."""
    verdicts, sent = installation.verdicts(), installation.notifications()
    scans = [installation.scan_input(each["executionArn"]) for each in installation.scans()]
    columns = ["workload", "image", "digest", "verdict", "C/H/M/L, other", "deployed by", "how"]
    wide = _is_wide(console)
    table = make_table(console, *(each for each in columns if wide or each != "digest"))
    right = [(each.status, each.started) for each in scenario.gated] == GATED
    for row in scenario.rows:
        seen, principal = outcome(row, verdicts, sent, scans, installation.inventory())
        right = right and seen == row
        table.add_row(
            row.workload,
            _short(row.image),
            *([row.digest.removeprefix("sha256:")[:12] or "-"] if wide else []),
            f"[{_COLOURS.get(seen.verdict, 'red')}]{seen.verdict}[/]",
            ", ".join(
                ["/".join(map(str, seen.counts or "-")), *_detected(verdicts.get(row.digest))]
            ),
            principal.rsplit("/", 1)[-1],
            _how(seen),
        )
        if seen != row:
            table.add_row("", f"[red]expected {row.verdict} {row.counts}, {_how(row)}[/]")
    console.print(table)
    console.print(_notifications(sent, console))
    console.print(_gated(scenario.gated, console))
    mail = installation.mail(ON_CALL)
    of_gate = [text for text in mail if text.startswith("Deployment gate: ")]
    worst = next(t for t in mail if ": 0 critical" not in t and t not in of_gate)
    for text in (worst, *of_gate):
        console.print(Panel(Text(text.rstrip()), title=f"e-mail to {ON_CALL}"))
    console.print(_inventory(installation.inventory(), verdicts, console))
    lost = installation.failed_events()
    if lost:
        console.print(f"[red]{len(lost)} events were not processed:[/]", lost)
    return right and not lost


def _gated(deployments: list[Deployed], console: Console) -> Table:
    columns = ("service", "image", "the deployment", "its tasks")
    table = make_table(console, *columns, title="The deployment gate")
    for each in deployments:
        colour = "green" if each.started else "red"
        tasks = "started" if each.started else "never started"
        table.add_row(each.service, _short(each.image), each.status, f"[{colour}]{tasks}[/]")
    return table


def _is_wide(console: Console) -> bool:
    return console.width >= _WIDE


def make_table(console: Console, *columns: str, title: str = "") -> Table:
    """Returns a table of which nothing is cut; a narrow terminal has no lines between columns."""
    wide = _is_wide(console)
    kind = box.HEAVY_HEAD if wide else box.SIMPLE_HEAD
    table = Table(title=title or None, box=kind, show_edge=wide, pad_edge=wide)
    for each in columns:
        table.add_column(each, overflow="fold")
    return table


def _inventory(rows: list[Json], verdicts: dict[str, Json], console: Console) -> Table:
    columns = ("workload", "image", "verdict", "state", "deployed by")
    table = make_table(console, *columns, title="What runs where")
    for row in sorted(rows, key=lambda row: (str(row["workload"]), str(row["uri"]))):
        item = verdicts.get(row["digest"]) or of_name(row["digest"], row["uri"])
        verdict = item.get("status", "none")
        table.add_row(
            f"{row['cluster']}/{name_of(row)}",
            _short(row["uri"].split("@", 1)[0]),
            f"[{_COLOURS.get(verdict, 'red')}]{verdict}[/]",
            row["state"],
            row.get("principal", "").rsplit("/", 1)[-1],
        )
    return table


def outcome(
    row: Row,
    verdicts: dict[str, Json],
    sent: list[Json],
    scans: list[Json],
    inventory: list[Json],
) -> tuple[Row, str]:
    """Returns the outcome of a row, and who deployed it. Without a result, reads its notice."""
    image = row.digest or row.image
    by_uri = {each["uri"]: each for key, each in verdicts.items() if key[:7] != "sha256:"}
    item = verdicts.get(image) or by_uri.get(image, {})
    notice = next((m for m in sent if image in (m["image"]["digest"], m["image"]["uri"])), {})
    family = f"task-definition/{row.workload}:"
    running = [
        each
        for each in inventory
        if family in each["task_definition"]
        and (row.digest or row.image) in (each["uri"], each["digest"])
    ]
    workloads = [*running, *item.get("requests", {}).values(), *notice.get("workloads", [])]
    by_name = [found for each in running if (found := of_name(each["digest"], each["uri"]))]
    item = item or next(iter(by_name), {})
    counts = item.get("counts")
    seen = Row(
        workload=row.workload,
        image=row.image,
        digest=row.digest,
        verdict=item.get("status") or notice.get("verdict", "NONE"),
        counts=tuple(int(counts[name]) for name in _COUNTS) if counts else None,
        scanned=any(
            scan["image"]["digest"] == row.digest
            and (family in scan["deployment"]["task_definition"])
            for scan in scans
        ),
    )
    mine = (workload for workload in workloads if family in workload["task_definition"])
    return seen, next(filter(None, (each.get("principal") for each in mine)), "nobody")


def _notifications(sent: list[Json], console: Console) -> Table:
    table = make_table(console, "notification", "where it runs", "reason")
    for each in sent:
        workloads = {_workload(workload) for workload in each["workloads"]}
        workloads |= {f"{_workload(workload)} (registered)" for workload in each["registered"]}
        table.add_row(each["subject"], ", ".join(sorted(workloads)), each["reason"])
    return table


def _workload(workload: Json) -> str:
    return str(workload["service"] or workload["task_definition"].rsplit("/", 1)[-1])


def _detected(item: Json | None) -> list[str]:
    """Returns the malware and secrets that were found in the image."""
    counts = {kind: (item or {}).get(kind) or {} for kind in ("malware", "secrets")}
    return [kind for kind, each in counts.items() if sum(each.values())]


def _how(row: Row) -> str:
    if row.scanned:
        return "scanned"
    return "not scanned" if row.verdict == "UNSCANNABLE" else "cached"


def _short(image: str) -> str:
    name, _, digest = image.rsplit("amazonaws.com/", 1)[-1].partition("@")
    return f"{name}@{digest[:15]}" if digest else name
