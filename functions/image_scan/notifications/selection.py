"""Selects the workloads to notify of a verdict, and the findings that count for each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set

    from image_scan.contracts import Workload
    from image_scan.findings.encoding import Finding
    from image_scan.notifications.policy import Judged


@dataclass(frozen=True)
class Selection:
    """The workloads to notify, by their ids.

    `left` are the findings that no exception accepts, None where they are unknown;
    `accepted_by_exception` counts the others. `judged` compares the findings of a workload with
    those that it was notified of, and `teams` says who owns it.
    """

    workloads: Mapping[str, Workload]
    left: Sequence[Finding] | None = None
    accepted_by_exception: int = 0
    judged: Mapping[str, Judged] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)

    def parts(self, most: int) -> Iterator[Selection]:
        """Yields the selection in parts of at most so many workloads."""
        names = sorted(self.workloads)
        for first in range(0, len(names), most):
            part = {name: self.workloads[name] for name in names[first : first + most]}
            yield replace(self, workloads=part)


def select(
    judged: Mapping[str, Judged] | None, workloads: Mapping[str, Workload], always: Set[str]
) -> Selection:
    """Selects workloads. `always` are notified whatever they were notified of before."""
    if judged is None:
        return Selection(workloads)
    chosen = {
        workload: each
        for workload, each in judged.items()
        if each.is_notified or workload in always
    }
    if not chosen:
        return Selection({})
    first = next(iter(chosen.values()))
    return Selection(
        {workload: workloads[workload] for workload in chosen},
        first.left,
        first.accepted_by_exception,
        chosen,
    )
