"""Selects whom to notify of the end of a scan, and divides them into parts that one try notifies.
Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.cache.entries import scan_of
from image_scan.fair import in_turn
from image_scan.inventory.claims import is_due
from image_scan.inventory.open_findings import repository_of
from image_scan.notifications import endings
from image_scan.notifications.facts import MOST_WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from image_scan.contracts import CompletionInput
    from image_scan.results import Outcome

    Row = dict[str, Any]

# Each has messages of its own, and there are four topics or more.
_MOST_REPOSITORIES = 10


def due(
    rows: Iterable[Row], entry: Row, scan_input: CompletionInput, outcome: Outcome
) -> list[Row]:
    """Returns the rows to notify; accounts take turns. What a reconciliation, or another account,
    has had scanned again may end as it did before."""
    is_repeated = entry.get("repeated", False) or outcome["verdict"] == "UNSCANNABLE"
    asked_by = "" if is_repeated else scan_input["deployment"]["account"]
    scan, cause = scan_of(entry), endings.cause(outcome)
    waiting = [row for row in rows if is_due(row, scan)]
    named = {row["workload"]: row for row in waiting if not endings.knows(row, cause, asked_by)}
    turns = in_turn((name, row["account"]) for name, row in named.items())
    return [named[name] for name in turns]


def parts(rows: Iterable[Row]) -> list[list[str]]:
    """Returns names of workloads. There is one part, be it empty."""
    found, repositories = [list[str]()], set[str]()
    for row in rows:
        is_full = len(found[-1]) == MOST_WORKLOADS
        if is_full or len(repositories | {repository_of(row)}) > _MOST_REPOSITORIES:
            found.append([])
            repositories = set()
        found[-1].append(row["workload"])
        repositories.add(repository_of(row))
    return found
