"""Findings that run beyond their deadline, by workload and image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_scan.cache.standing import ACTIVE
from image_scan.inventory.notified import recorded, teams_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

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


def overdue(rows: Iterable[Mapping[str, Any]], deadlines: Deadlines, today: date) -> list[Overdue]:
    """Selects what is overdue from the rows of all workloads that were notified."""
    rows = list(rows)
    teams = teams_of(rows)
    late: list[tuple[Mapping[str, Any], list[Finding]]] = []
    for row in rows:
        is_watched = row["state"] in ACTIVE and "out_of_scope" not in row
        found = recorded(row) or [] if is_watched else []
        if is_late := deadlines.overdue(found, today):
            late.append((row, is_late))
    return [
        Overdue(
            row["digest"],
            row["workload"],
            row.get("uri", row["digest"]),
            row.get("repository", ""),
            teams[row["workload"]],
            found,
        )
        for row, found in late
    ]
