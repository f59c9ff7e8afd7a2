"""Since when findings run, what is overdue, and how long a remedy took. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

from image_scan.cache.standing import ACTIVE
from image_scan.findings.ages import Deadlines, open_days
from image_scan.findings.encoding import Finding
from image_scan.findings.summary import LEVELS
from image_scan.inventory.notified import RECORD, recorded

Json = dict[str, Any]
_NONE = {"since": "", "due": "", "open_days": None, "is_overdue": False}


@dataclass(frozen=True)
class Remedied:
    """A finding that a workload was notified of, and that the version it runs now does not have.
    `days` are from the first notification to the start of that version."""

    workload: str
    qid: int
    severity: str
    since: str
    until: str
    days: int


@dataclass(frozen=True)
class Ages:
    """Reads rows of the inventory on a day."""

    deadlines: Deadlines
    today: date

    def of_findings(self, rows: Iterable[Mapping[str, Any]]) -> dict[int, Json]:
        """Returns how old each finding of an image is, by QID: where it was notified first."""
        oldest: dict[int, Finding] = {}
        for row in rows:
            for each in recorded(row) or ():
                known = oldest.setdefault(each.qid, each)
                oldest[each.qid] = min(known, each, key=lambda one: one.since)
        return {qid: self._age(each) for qid, each in oldest.items() if qid}

    def overdue(self, row: Mapping[str, Any]) -> int:
        """Counts the findings of a workload's image whose deadline is over."""
        found = recorded(row) or () if row["state"] in ACTIVE else ()
        return len(self.deadlines.overdue(found, self.today))

    def _age(self, finding: Finding) -> Json:
        due = self.deadlines.due(finding)
        return {
            "since": date.fromordinal(finding.since).isoformat(),
            "due": due.isoformat() if due else "",
            "open_days": open_days(finding, self.today),
            "is_overdue": self.deadlines.is_overdue(finding, self.today),
        }


def with_age(finding: Json, ages: Mapping[int, Json], qid: int) -> Json:
    return {**finding, **ages.get(qid, _NONE)}


def remedied(rows: Iterable[Mapping[str, Any]], contents: Mapping[str, set[int]]) -> list[Remedied]:
    """Selects what workloads have remedied, as far as it is known: `contents` are the QIDs that
    the verdict of an image has. The newest first."""
    by_workload: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_workload[row["workload"], row["repository"]].append(row)
    found = []
    for versions in by_workload.values():
        versions.sort(key=lambda row: int(row["first_seen"]))
        now = [row for row in versions if row["state"] in ACTIVE]
        if now and all(row["digest"] in contents for row in now):
            left = {qid for row in now for qid in contents[row["digest"]]}
            before = [row for row in versions if row not in now and RECORD in row]
            found += _gone(before, left, now[0])
    return sorted(found, key=lambda each: (each.until, each.workload, each.qid), reverse=True)


def days_to_remedy(found: Iterable[Remedied]) -> dict[str, float]:
    """Returns the median by severity."""
    days: defaultdict[str, list[int]] = defaultdict(list)
    for each in found:
        days[each.severity].append(each.days)
    levels = dict.fromkeys(LEVELS.values())
    return {level: median(days[level]) for level in levels if days[level]}


def _gone(
    before: Sequence[Mapping[str, Any]], left: set[int], now: Mapping[str, Any]
) -> list[Remedied]:
    """Each finding of the versions before once, with its first day."""
    oldest: dict[int, Finding] = {}
    for row in before:
        for each in recorded(row) or ():
            if each.qid not in left:
                known = oldest.setdefault(each.qid, each)
                oldest[each.qid] = min(known, each, key=lambda one: one.since)
    until = datetime.fromtimestamp(int(now["first_seen"]), UTC).date()
    return [
        Remedied(
            workload=str(now["workload"]),
            qid=qid,
            severity=LEVELS[each.severity],
            since=date.fromordinal(each.since).isoformat(),
            until=until.isoformat(),
            days=open_days(each, until),
        )
        for qid, each in oldest.items()
        if qid
    ]
