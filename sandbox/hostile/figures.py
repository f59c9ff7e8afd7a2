"""Counts what the scans of honest images took: calls of functions, polls, tries for a permit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.installation import Installation

Json = dict[str, Any]


@dataclass
class Figures:
    """`calls` are all calls of the machine of scans, by image. `polls` ask Qualys whether a scan
    has ended; `refused` are tries that got no permit."""

    calls: Counter[str] = field(default_factory=Counter)
    polls: int = 0
    refused: int = 0

    @property
    def mean(self) -> float:
        return self.calls.total() / max(len(self.calls), 1)

    @property
    def most(self) -> int:
        return max(self.calls.values(), default=0)

    def __str__(self) -> str:
        return (
            f"{len(self.calls)} images, {self.mean:.1f} calls each, {self.most} at most, "
            f"{self.polls} polls, {self.refused} tries without a permit"
        )


def count(installation: Installation, scans: Iterable[Json]) -> Figures:
    """Counts from the histories of these executions."""
    figures = Figures()
    for scan in scans:
        for event in installation.scan_history(scan["executionArn"]):
            if event["type"] == "TaskScheduled":
                figures.calls[scan["image"]["key"]] += 1
            entered = event.get("stateEnteredEventDetails", {}).get("name")
            figures.polls += entered == "CheckStatus"
            error = event.get("taskFailedEventDetails", {}).get("error")
            figures.refused += error == "ScansAtLimit"
    return figures
