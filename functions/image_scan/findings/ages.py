"""By when a finding has to be remedied, by its severity and the day of its notification. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from image_scan.errors import ConfigurationError
from image_scan.findings.summary import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from image_scan.findings.encoding import Finding


@dataclass(frozen=True)
class Deadlines:
    """Days by level of severity, from the first notification of a workload. A level without days
    has no deadline. `counts` says whether a finding is still worth a notification: one that is not
    has no deadline either, although a workload was notified of it."""

    days: Mapping[str, int]
    counts: Callable[[Finding], bool] = lambda _: True

    @classmethod
    def read(
        cls, inputs: Mapping[str, Any], counts: Callable[[Finding], bool] = lambda _: True
    ) -> Self:
        """Raises ConfigurationError."""
        valid = all(type(each) is int and each > 0 for each in inputs.values())
        if not valid or not inputs.keys() <= set(LEVELS.values()):
            raise ConfigurationError("REMEDIATION_DAYS takes days by level of severity")
        return cls(inputs, counts)

    def due(self, finding: Finding) -> date | None:
        """Returns the last day for a remedy; None without a deadline."""
        days = self.days.get(LEVELS.get(finding.severity, ""))
        if not (days and finding.since and self.counts(finding)):
            return None
        return date.fromordinal(finding.since + days)

    def is_overdue(self, finding: Finding, today: date) -> bool:
        due = self.due(finding)
        return due is not None and due < today

    def overdue(self, found: Iterable[Finding], today: date) -> list[Finding]:
        """Selects what is overdue, the earliest deadline first. A QID counts once, whatever number
        of packages it is found in."""
        late = [each for each in found if self.is_overdue(each, today)]
        late.sort(key=lambda each: (self.due(each), -each.severity, each.qid))
        once: dict[int, Finding] = {}
        for at, each in enumerate(late, 1):
            once.setdefault(each.qid or -at, each)
        return [*once.values()]


def open_days(finding: Finding, today: date) -> int:
    """Returns for how many days a workload is notified of a finding."""
    return max(today.toordinal() - finding.since, 0)
