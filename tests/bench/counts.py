"""What is counted, and how counts are added up. No time is among them: on any machine they are the
same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# The kinds, and what their names are. "a b" is b, as a did it.
STATES = "states"  # "scan SubmitScan": how often entered, tries again included
EXECUTIONS = "executions"  # "intake" (Express), "scan" (Standard)
INVOCATIONS = "invocations"  # "submit_scan"
AWS = "aws"  # "submit_scan dynamodb:UpdateItem"
QUALYS = "qualys"  # "POST /registry/{registry}/schedule"
QUALYS_BY = "qualys by function"  # "submit_scan"
UNITS = "units"  # "half read" and "write": of DynamoDB, on demand
LOGS = "logs"  # "submit_scan": bytes that the function writes itself
EVENTS = "events"  # "delivered" to the intake; "forwarded" of these from another account
KINDS = (STATES, EXECUTIONS, INVOCATIONS, AWS, QUALYS, QUALYS_BY, UNITS, LOGS, EVENTS)


@dataclass
class Counts:
    """How often each name of each kind was met."""

    by_kind: dict[str, Counter[str]] = field(
        default_factory=lambda: {kind: Counter() for kind in KINDS}
    )

    def add(self, kind: str, name: str, times: int = 1) -> None:
        self.by_kind[kind][name] += times

    def of(self, kind: str) -> Mapping[str, int]:
        return {name: times for name, times in sorted(self.by_kind[kind].items()) if times}

    def total(self, kind: str, prefix: str = "") -> int:
        """Of the names that begin so."""
        return sum(n for name, n in self.by_kind[kind].items() if name.startswith(prefix))

    def plus(self, other: Counts, times: int = 1) -> Counts:
        """These and `times` the others; -1 takes them away."""
        both = Counts()
        for kind in KINDS:
            names = self.by_kind[kind].keys() | other.by_kind[kind].keys()
            for name in names:
                value = self.by_kind[kind][name] + times * other.by_kind[kind][name]
                both.add(kind, name, value)
        return both
