"""What a workload was notified of: only that is known there, whatever its images have contained.

It is stored with the image's row of the inventory, as the findings that were notified and are still
there. A version without a result, or whose notification failed, has no such record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from image_scan.aws.dynamodb import Attr, Change
from image_scan.cache.standing import SEEN_SECONDS, is_watched
from image_scan.ecr import references
from image_scan.ecr.references import Unscannable
from image_scan.findings import encoding
from image_scan.findings.detected import covers
from image_scan.inventory.earlier import Before, Version, Versions, has_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from image_scan.cache.leases import ScanCache
    from image_scan.contracts import Image, Workload
    from image_scan.findings.encoding import Finding
    from image_scan.inventory.table import InventoryTable

RECORD = "notified"
# The malware and secrets among that, as `detected.packed` makes it.
DETECTED = "notified_detected"
SINCE = "notified_at"
# The team of a notification that could not read all tags, such as that of the repository.
TEAM, PRESUMED = "team", "presumed_team"
# When each was found.
TEAM_AT, PRESUMED_AT = f"{TEAM}_at", f"{PRESUMED}_at"
# Of the images that a workload ran before, so many are looked at.
_MOST = 20
_OF_REPOSITORY = ("uri", "account_id", "region", "host", "repository", "tag")
_EPOCH, _LATEST = date(1970, 1, 1).toordinal(), 2**33


@dataclass(frozen=True)
class Notice:
    """When a workload was notified, and of which team it was then; empty without one. `is_known`:
    no tag that counts before was left unread."""

    team: str
    at: int
    is_known: bool = True

    def added_to(self, change: Change, *, is_first: bool = False) -> Change:
        """Adds it to the change of a row, which stores since when the workload is notified. A team
        that is not known leaves the one before. `is_first`: what was notified before is over."""
        sets, first = {**change.sets}, {**change.first}
        (sets if is_first else first)[SINCE] = self.at
        if self.is_known or self.team:
            name, at = (TEAM, TEAM_AT) if self.is_known else (PRESUMED, PRESUMED_AT)
            sets |= {name: self.team, at: self.at}
        return Change(sets, first, change.removed)


def recorded(row: Mapping[str, Any]) -> list[Finding] | None:
    """Returns what a row says its workload was notified of, each finding with the day of it; None
    where that is unknown. Records that were stored without days are as old as their row says."""
    at = int(row.get(SINCE) or row["first_seen"])
    day = at // 86_400 + _EPOCH if 0 < at < _LATEST else 0
    found = encoding.unpack(row.get(RECORD, ""))
    return found and [each if each.since else each._replace(since=day) for each in found]


def days_of(rows: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Returns since when the first workload that runs an image is notified of each finding, by QID.
    A version that nobody was notified of yet has no days."""
    first: dict[int, int] = {}
    for row in rows:
        for each in (recorded(row) or ()) if is_watched(row) else ():
            if each.since:
                first[each.qid] = min(each.since, first.get(each.qid, each.since))
    return {qid: date.fromordinal(day).isoformat() for qid, day in first.items()}


def team_of(row: Mapping[str, Any]) -> str:
    """Returns the team that a row itself names; empty without one."""
    return str(row.get(TEAM, row.get(PRESUMED, "")))


def teams_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Returns the team of each workload, empty where it is unknown. A version that brought nothing
    new was not notified: the last notification of the workload that knew the team has it."""
    teams: dict[str, tuple[bool, int, str]] = {}
    for row in rows:
        is_known = TEAM in row
        # Older rows say since when it was notified.
        at = row.get(TEAM_AT if is_known else PRESUMED_AT, row.get(SINCE, 0))
        named = is_known, int(at), team_of(row)
        teams[row["workload"]] = max(named, teams.get(row["workload"], (False, 0, "")))
    return {workload: team for workload, (*_, team) in teams.items()}


class NotifiedFindings:
    """Every method raises AwsUnavailable or AwsRejected when DynamoDB does not answer."""

    def __init__(self, inventory: InventoryTable, cache: ScanCache) -> None:
        self._inventory = inventory
        self._cache = cache
        self._contents: dict[str, list[Finding] | None] = {}
        self._running: dict[str, dict[str, Any]] = {}

    def at(
        self,
        workload: str,
        facts: Workload,
        image: Image,
        notifiable: Callable[[Finding], bool],
        found: Iterable[Finding],
    ) -> Before:
        """Returns what a workload was notified of before this verdict, which has `found` these.

        The image's own record, of an earlier scan, else that of the version before. A version
        without one was notified of nothing, and ends what it did not contain as `notifiable`.
        """
        own = self._running.get(workload) or self._inventory.get(image["key"], workload)
        if RECORD in own:
            return Before(recorded(own))
        versions = Versions({each.qid for each in found if notifiable(each)})
        for short in self._others(workload, facts, image):
            seen = short["last_seen"]
            if not (versions.compares(seen) or versions.ages(seen)):
                break
            row = self._inventory.get(short["digest"], workload)
            if _is_before(row, facts, own):
                versions.add(self._version(row, image, versions, notifiable))
        return versions.before()

    def know(self, rows: Iterable[dict[str, Any]]) -> None:
        """Rows of the image as they were just read."""
        self._running = {row["workload"]: row for row in rows}

    def image(self, workload: str, image: Image) -> Image:
        """Returns an image as a workload runs it: its bytes may be in several repositories."""
        own = references.parse(str(self._running.get(workload, {}).get("uri", "")))
        here = image["host"], image["repository"]
        if isinstance(own, Unscannable) or (own.host, own.repository) == here:
            return image
        return cast("Image", {**image, **{name: getattr(own, name) for name in _OF_REPOSITORY}})

    def is_at_hand(self, workload: str) -> bool:
        """Whether it is known without a call what a workload was notified of."""
        return RECORD in self._running.get(workload, {})

    def ran_before(self, workload: str, number: int) -> bool:
        """Whether a workload ran the image already when the scan `number` began, and not for it."""
        seen = self._running.get(workload, {}).get("first_seen")
        return seen is not None and bool(seen < number / 1000 - SEEN_SECONDS)

    def knows(self, workload: str, detected: str) -> bool:
        """Whether a workload was notified of all malware and secrets of this image; not where that
        is unknown. `detected` is what `detected.packed` returns."""
        return covers(str(self._running.get(workload, {}).get(DETECTED, "")), detected)

    def record(
        self,
        workload: str,
        image: Image,
        findings: Sequence[Finding],
        notice: Notice | None = None,
        *,
        detected: str | None = "",
        is_over: bool = False,
    ) -> None:
        """Records what a workload has been notified of; to be called after the notification, or
        without one where it knows the findings. `detected` is what `detected.packed` returns, None
        to leave it as it was. `is_over`: there is nothing to notify any more."""
        # Their CVEs are not compared.
        record = {RECORD: encoding.pack([each._replace(cves=()) for each in findings])}
        gone = (DETECTED,) if detected == "" else ()
        change = Change({**record, **({DETECTED: detected} if detected else {})}, removed=gone)
        if notice:
            # A row without findings that were notified may have an older time, of a failed scan.
            known = RECORD in self._running.get(workload, {})
            change = notice.added_to(change, is_first=not known)
        elif is_over:
            change = replace(change, removed=(*gone, SINCE))
        self._inventory.update(image["key"], workload, change, Attr("digest").exists())

    def leave_open(self, workload: str, image: Image) -> None:
        """Records that it is unknown which malware and secrets a workload knows, after a scan whose
        findings are unknown: they may be gone, and are notified if they come back."""
        if DETECTED in self._running.get(workload, {}):
            change = Change({}, removed=(DETECTED,))
            self._inventory.update(image["key"], workload, change, Attr("digest").exists())

    def end(self, workload: str, image: Image) -> None:
        """Records that nothing of this image is notifiable any more, where anything was. What is
        recorded so is not written again: of thousands of workloads, the next try goes on."""
        own = self._running.get(workload) or self._inventory.get(image["key"], workload)
        if RECORD in own and (encoding.unpack(own[RECORD]) != [] or DETECTED in own):
            self.record(workload, image, [], is_over=True)

    def _others(self, workload: str, facts: Workload, image: Image) -> list[dict[str, Any]]:
        """Reads what else the workload ran, in short: the newest first."""
        rows = self._inventory.at(f"{facts['account']}#{facts['region']}", workload)
        others = [row for row in rows if row["digest"] != image["key"]]
        return sorted(others, key=lambda row: -int(row["last_seen"]))[:_MOST]

    def _version(
        self,
        row: Mapping[str, Any],
        image: Image,
        versions: Versions,
        notifiable: Callable[[Finding], bool],
    ) -> Version:
        """Returns what a version was notified of, else what it contained as `notifiable`. The
        latter is not read where it can end nothing."""
        begin, ran = row["first_seen"], has_run(row)
        is_like = row.get("repository") == image["repository"]
        if RECORD in row:
            return Version(begin, ran, True, is_like, recorded(row))
        contents = None
        # Another version may have begun after one that was seen later: both count.
        if (is_like and versions.compares(begin)) or (ran and versions.ages(begin)):
            contents = self._findings_of(row["digest"])
        of = contents and [each for each in contents if notifiable(each)]
        return Version(begin, ran, False, is_like, of)

    def _findings_of(self, digest: str) -> list[Finding] | None:
        """Returns what the last scan of an image has found; None where that is unknown."""
        if digest not in self._contents:
            self._contents[digest] = encoding.unpack(self._cache.findings_of(digest))
        return self._contents[digest]


def _is_before(row: Mapping[str, Any], facts: Workload, own: Mapping[str, Any]) -> bool:
    """Whether a row is of what the image's containers ran before it."""
    containers = own.get("containers", facts["containers"])
    if "containers" not in row or not {*containers} & {*row["containers"]}:
        return False  # another container of the same task
    return "first_seen" not in own or bool(row["first_seen"] < own["first_seen"])
