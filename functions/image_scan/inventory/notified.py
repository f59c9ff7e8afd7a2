"""What a workload was notified of: only that is known there, whatever its images have contained.

It is stored with the image's row of the inventory, as the findings that were notified and are still
there. A version without a result, or whose notification failed, has no such record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from image_scan.aws.dynamodb import Attr, Change
from image_scan.findings import encoding
from image_scan.inventory.workloads import Inventory, facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from image_scan.cache.leases import ScanCache
    from image_scan.contracts import Image, Workload
    from image_scan.findings.encoding import Finding
    from image_scan.inventory.table import InventoryTable

RECORD = "notified"
SINCE = "notified_at"
# Of the images that a workload ran before, so many are looked at.
_MOST = 20
_EPOCH, _LATEST = date(1970, 1, 1).toordinal(), 2**33


@dataclass(frozen=True)
class Notice:
    """When a workload was notified, and of which team it was then; empty where that is unknown."""

    team: str
    at: int

    def added_to(self, change: Change, *, is_first: bool = False) -> Change:
        """Adds it to the change of a row, which stores since when the workload is notified.
        `is_first`: what was notified before is over."""
        sets, first, removed = {**change.sets}, {**change.first}, change.removed
        (sets if is_first else first)[SINCE] = self.at
        if self.team:
            sets["team"] = self.team
        else:
            removed = (*removed, "team")
        return Change(sets, first, removed)


def recorded(row: Mapping[str, Any]) -> list[Finding] | None:
    """Returns what a row says its workload was notified of, each finding with the day of it; None
    where that is unknown. Records that were stored without days are as old as their row says."""
    at = int(row.get(SINCE) or row["first_seen"])
    day = at // 86_400 + _EPOCH if 0 < at < _LATEST else 0
    found = encoding.unpack(row.get(RECORD, ""))
    return found and [each if each.since else each._replace(since=day) for each in found]


def teams_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Returns the team of each workload, empty where it is unknown. A version that brought nothing
    new was not notified: the last notification of the workload has the team."""
    teams: dict[str, tuple[int, str]] = {}
    for row in rows:
        named = int(row.get(SINCE, 0)), row.get("team", "")
        teams[row["workload"]] = max(named, teams.get(row["workload"], (0, "")))
    return {workload: team for workload, (_, team) in teams.items()}


class NotifiedFindings:
    """Every method raises AwsUnavailable or AwsRejected when DynamoDB does not answer."""

    def __init__(self, inventory: InventoryTable, cache: ScanCache) -> None:
        self._inventory = inventory
        self._cache = cache
        self._contents: dict[str, list[Finding] | None] = {}
        self._running: dict[str, dict[str, Any]] = {}

    def at(
        self, workload: str, facts: Workload, image: Image, notifiable: Callable[[Finding], bool]
    ) -> list[Finding] | None:
        """Returns what a workload was notified of before this verdict; None where that is unknown.

        The image's own record, of an earlier scan, else that of the version before. A version
        without one was notified of nothing, and ends what it did not contain as `notifiable`.
        """
        own = self._running.get(workload) or self._inventory.get(image["key"], workload)
        if RECORD in own:
            return recorded(own)
        known: list[Finding] | None = None
        since, stored = 0, []
        for short in self._others(workload, facts, image):
            if short["last_seen"] < since:
                break
            row = self._inventory.get(short["digest"], workload)
            # Another version may have begun after one that was seen later: both count.
            if not _is_before(row, image, facts, own) or row["first_seen"] < since:
                continue
            found = self._still_there(row, notifiable)
            if found is None:
                return None
            if RECORD in row and known is None:
                known, since = found, row["first_seen"]
            else:
                stored.append({each.qid for each in found})
        if known is None:
            return [] if stored else None
        return [each for each in known if all(each.qid in qids for qids in stored)]

    def workloads(self, image: Image) -> dict[str, Workload]:
        """Returns what runs an image: facts by workload. What these were notified of is then at
        hand, so this object is for one image from now on."""
        self._running = Inventory(self._inventory).running(image["key"])
        return {workload: facts_of(row) for workload, row in self._running.items()}

    def know(self, rows: Iterable[dict[str, Any]]) -> None:
        """Rows of the image as they were just read."""
        self._running = {row["workload"]: row for row in rows}

    def is_at_hand(self, workload: str) -> bool:
        """Whether it is known without a call what a workload was notified of."""
        return RECORD in self._running.get(workload, {})

    def record(
        self,
        workload: str,
        image: Image,
        findings: Sequence[Finding],
        notice: Notice | None = None,
        *,
        is_over: bool = False,
    ) -> None:
        """Records what a workload has been notified of; to be called after the notification, or
        without one where it knows the findings. `is_over`: there is nothing to notify any more."""
        # Their CVEs are not compared.
        change = Change({RECORD: encoding.pack([each._replace(cves=()) for each in findings])})
        if notice:
            # A row without findings that were notified may have an older time, of a failed scan.
            known = RECORD in self._running.get(workload, {})
            change = notice.added_to(change, is_first=not known)
        elif is_over:
            change = replace(change, removed=(SINCE,))
        self._inventory.update(image["key"], workload, change, Attr("digest").exists())

    def end(self, workload: str, image: Image) -> None:
        """Records that nothing of this image is notifiable any more, where anything was. What is
        recorded so is not written again: of thousands of workloads, the next try goes on."""
        own = self._running.get(workload) or self._inventory.get(image["key"], workload)
        if RECORD in own and encoding.unpack(own[RECORD]) != []:
            self.record(workload, image, [], is_over=True)

    def _others(self, workload: str, facts: Workload, image: Image) -> list[dict[str, Any]]:
        """Reads what else the workload ran, in short: the newest first."""
        rows = self._inventory.at(f"{facts['account']}#{facts['region']}", workload)
        others = [row for row in rows if row["digest"] != image["key"]]
        return sorted(others, key=lambda row: -int(row["last_seen"]))[:_MOST]

    def _still_there(
        self, row: Mapping[str, Any], notifiable: Callable[[Finding], bool]
    ) -> list[Finding] | None:
        """Returns what a version was notified of, else what it contained as `notifiable`."""
        if RECORD in row:
            return recorded(row)
        contents = self._findings_of(row["digest"])
        return contents and [each for each in contents if notifiable(each)]

    def _findings_of(self, digest: str) -> list[Finding] | None:
        """Returns what the last scan of an image has found; None where that is unknown."""
        if digest not in self._contents:
            self._contents[digest] = encoding.unpack(self._cache.findings_of(digest))
        return self._contents[digest]


def _is_before(
    row: Mapping[str, Any], image: Image, facts: Workload, own: Mapping[str, Any]
) -> bool:
    """Whether a row is of what the image's containers ran before it."""
    containers = own.get("containers", facts["containers"])
    if row.get("repository") != image["repository"] or not {*containers} & {*row["containers"]}:
        return False  # another container of the same task
    return "first_seen" not in own or bool(row["first_seen"] < own["first_seen"])
