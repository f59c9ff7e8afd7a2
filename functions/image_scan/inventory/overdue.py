"""Findings that run beyond their deadline, by workload and image."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from image_scan.inventory.current import current
from image_scan.inventory.notified import RECORD, recorded, teams_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from image_scan.findings.ages import Deadlines
    from image_scan.findings.encoding import Finding


@dataclass(frozen=True)
class Overdue:
    """The findings of an image at a workload whose deadline is over, the earliest first. `team` is
    empty where it is unknown."""

    digest: str
    workload: str
    uri: str
    repository: str
    team: str
    findings: Sequence[Finding]


def overdue(rows: Iterable[dict[str, Any]], deadlines: Deadlines, now: float) -> Iterator[Overdue]:
    """Selects what is overdue from all rows. Yields one at a time: thousands of workloads may have
    hundreds of findings each."""
    rows, today = list(rows), datetime.fromtimestamp(now, UTC).date()
    teams = teams_of(rows)
    for row in current(rows, now):
        found = recorded(row) if RECORD in row else None
        if late := deadlines.overdue(found or (), today):
            yield Overdue(
                row["digest"],
                row["workload"],
                str(row.get("uri", row["digest"])),
                row.get("repository", ""),
                teams[row["workload"]],
                late,
            )
