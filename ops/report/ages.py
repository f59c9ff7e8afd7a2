"""Since when findings run, what is overdue, and how long a remedy took. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import median
from typing import Any, NamedTuple

from image_scan.cache.standing import is_watched
from image_scan.findings.ages import Deadlines, open_days
from image_scan.findings.encoding import Finding
from image_scan.findings.summary import LEVELS
from image_scan.inventory.current import latest
from image_scan.inventory.notified import recorded

Json = dict[str, Any]
_NONE = {"since": "", "due": "", "open_days": None, "is_overdue": False}


@dataclass(frozen=True)
class Remedied:
    """A finding that a workload was notified of, and that the version it runs now, or has run last,
    does not have. `days` are from the first notification to the end of the last version that had
    it."""

    workload: str
    qid: int
    severity: str
    since: str
    until: str
    days: int


class Version(NamedTuple):
    """A row; `is_last`: the workload runs it now, or has run it last."""

    row: Mapping[str, Any]
    is_last: bool


@dataclass(frozen=True)
class Ages:
    """Reads rows of the inventory on a day."""

    deadlines: Deadlines
    today: date

    def of_findings(self, rows: Iterable[Mapping[str, Any]]) -> dict[int, Json]:
        """Returns how old each finding of an image is, by QID: where it was notified first. Nobody
        is notified of what is out of scope."""
        oldest: dict[int, Finding] = {}
        for row in rows:
            for each in recorded(row) or () if is_watched(row) else ():
                known = oldest.setdefault(each.qid, each)
                oldest[each.qid] = min(known, each, key=lambda one: one.since)
        return {qid: self._age(each) for qid, each in oldest.items() if qid}

    def overdue(self, row: Mapping[str, Any]) -> int:
        """Counts the findings of a workload's image whose deadline is over."""
        found = recorded(row) or () if is_watched(row) else ()
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
    rows = list(rows)
    last = {(row["digest"], row["workload"]) for row in latest(rows)}
    by_workload: defaultdict[tuple[str, str], list[Version]] = defaultdict(list)
    for row in rows:
        version = Version(row, (row["digest"], row["workload"]) in last)
        by_workload[row["workload"], row["repository"]].append(version)
    found: list[Remedied] = []
    for versions in by_workload.values():
        versions.sort(key=lambda each: int(each.row["first_seen"]))
        now = [each.row for each in versions if each.is_last]
        if now and all(row["digest"] in contents for row in now):
            found += _gone(versions, contents)
    return sorted(found, key=lambda each: (each.until, each.workload, each.qid), reverse=True)


def days_to_remedy(found: Iterable[Remedied]) -> dict[str, float]:
    """Returns the median by severity."""
    days: defaultdict[str, list[int]] = defaultdict(list)
    for each in found:
        days[each.severity].append(each.days)
    levels = dict.fromkeys(LEVELS.values())
    return {level: median(days[level]) for level in levels if days[level]}


def _gone(versions: Sequence[Version], contents: Mapping[str, set[int]]) -> Iterator[Remedied]:
    """Each finding that only versions before had, once, with its first day."""
    left = {qid for row, is_last in versions if is_last for qid in contents[row["digest"]]}
    oldest: dict[int, Finding] = {}
    for row, is_last in versions:
        for each in recorded(row) or () if not is_last else ():
            if each.qid and each.qid not in left:
                known = oldest.setdefault(each.qid, each)
                oldest[each.qid] = min(known, each, key=lambda one: one.since)
    known_of = [(each.row, _known(each, contents)) for each in versions]
    for qid, each in oldest.items():
        until = datetime.fromtimestamp(_end(qid, known_of), UTC).date()
        yield Remedied(
            workload=str(versions[0].row["workload"]),
            qid=qid,
            severity=LEVELS[each.severity],
            since=date.fromordinal(each.since).isoformat(),
            until=until.isoformat(),
            days=open_days(each, until),
        )


def _known(version: Version, contents: Mapping[str, set[int]]) -> set[int] | None:
    """Returns the findings of a version, as far as they are known; None where they are not, as of
    one that was replaced before its scan ended."""
    row, is_last = version
    if is_last:
        return contents[row["digest"]]
    found, listed = recorded(row), contents.get(row["digest"])
    if found is None and listed is None:
        return None
    return {*(listed or ()), *(each.qid for each in found or ())}


def _end(qid: int, versions: Sequence[tuple[Mapping[str, Any], set[int] | None]]) -> int:
    """Returns when the last version with a finding ended. A version whose findings are not known
    has it if the one before it has."""
    having: list[Mapping[str, Any]] = []
    begins: defaultdict[str, list[int]] = defaultdict(list)  # of others, by container, in order
    has = False
    for row, known in versions:
        has = has if known is None else qid in known
        if has:
            having.append(row)
        else:
            for name in row["containers"]:
                begins[name].append(int(row["first_seen"]))
    return max(_end_of(row, begins) for row in having)


def _end_of(row: Mapping[str, Any], begins: Mapping[str, Sequence[int]]) -> int:
    """Returns when another version of the same containers began, or when this one has stopped, if
    it went on beside that one or was gone back to."""
    others = [begins[name] for name in row["containers"] if name in begins]
    ends = [(times, bisect_right(times, row["first_seen"])) for times in others]
    begun = [times[at] for times, at in ends if at < len(times)]
    if not begun:
        return int(row.get("stopped_at", row["last_seen"]))
    return int(max(min(begun), row.get("stopped_at", 0)))
