"""What the earlier versions of a workload say of a new one: which findings it was notified of, and
since when each is there. Pure.

The two differ. A version of which nothing is known ends what need not be notified again, but no
deadline: only a version that has run, and is known not to have a finding, ends its age.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from image_scan.findings.encoding import Finding


@dataclass(frozen=True)
class Before:
    """What a workload was notified of before a verdict; None where that is unknown. `since` has the
    day of each QID that is there since an earlier version; None if the findings have it."""

    findings: Sequence[Finding] | None
    since: Mapping[int, int] | None = None

    def days(self) -> Mapping[int, int]:
        return first_days(self.findings or ()) if self.since is None else self.since


@dataclass(frozen=True)
class Version:
    """`found`: what it was notified of if it `is_recorded`, else what it contained; None where that
    is unknown. `is_like`: of the same repository as the new one."""

    first_seen: int
    has_run: bool
    is_recorded: bool
    is_like: bool
    found: Sequence[Finding] | None

    @cached_property
    def days(self) -> dict[int, int]:
        return first_days(self.found or ()) if self.is_recorded else {}

    @cached_property
    def qids(self) -> set[int]:
        return {each.qid for each in self.found or ()}

    def ends(self, qid: int) -> bool:
        """Whether it has run without a finding."""
        return self.has_run and self.found is not None and qid not in self.qids


class Versions:
    """Takes the versions before a new one, the last seen first, and says when they are enough.
    `wanted` are the QIDs whose days are asked for."""

    def __init__(self, wanted: Set[int]) -> None:
        self._wanted = {*wanted} - {0}
        self._met: list[Version] = []
        self._known: Version | None = None
        self._stored: list[set[int]] = []
        self._is_unknown = False

    def add(self, version: Version) -> None:
        self._met.append(version)
        if not version.is_like or not self.compares(version.first_seen):
            return
        if version.found is None:
            self._is_unknown = True
        elif version.is_recorded and self._known is None:
            self._known = version
        else:
            self._stored.append(version.qids)

    def compares(self, seen: int) -> bool:
        """Whether it still matters what a version was notified of that was not seen later."""
        return not self._is_unknown and (self._known is None or seen >= self._known.first_seen)

    def ages(self, seen: int) -> bool:
        """Whether such a version may have the day of a finding, or end its age."""
        recorded = [each for each in self._met if each.is_recorded and each.found is not None]
        if any(seen < each.first_seen for each in recorded if each.has_run):
            return False
        # A version that never ran has the days of what it has, and says nothing of the rest.
        left = self._wanted.difference(*(each.days for each in recorded))
        return bool(left) or (
            bool(self._wanted) and seen >= min(each.first_seen for each in recorded)
        )

    def before(self) -> Before:
        if self._is_unknown or not (self._known or self._stored):
            return Before(None, self._since())
        known = self._known.found if self._known else ()
        left = [one for one in known or () if all(one.qid in qids for qids in self._stored)]
        return Before(left, self._since())

    def _since(self) -> dict[int, int]:
        found = {}
        for qid in self._wanted:
            ended = max((each.first_seen for each in self._met if each.ends(qid)), default=-1)
            after = [each.days for each in self._met if each.first_seen > ended]
            if days := [each[qid] for each in after if each.get(qid)]:
                found[qid] = min(days)
        return found


def first_days(found: Iterable[Finding]) -> dict[int, int]:
    """Returns the first day of each QID; 0 where it is unknown."""
    days: dict[int, int] = {}
    for each in found:
        days[each.qid] = min(each.since, days.get(each.qid, each.since))
    return days


def has_run(row: Mapping[str, Any]) -> bool:
    """Whether a task of the workload has run this image, and it was not only deployed. Older rows
    do not say so: what has stopped has run."""
    state = row.get("state")
    return state == "running" or bool(row.get("has_run", state == "stopped"))
