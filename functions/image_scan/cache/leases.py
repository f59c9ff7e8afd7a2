"""Leases and verdicts: one image is scanned once, whoever deploys it.

An entry is a lease (`IN_PROGRESS`), a verdict, or a failure; docs/core.md has its states. It says
nothing of workloads: what runs the image is in the inventory. DynamoDB removes expired items late,
so every decision compares the time itself. Each write is made on the entry that was read.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from image_scan.aws.dynamodb import Attr, Change, ConditionFailedError
from image_scan.cache import standing
from image_scan.cache.entries import (
    IN_PROGRESS,
    RESULT,
    RESULTS,
    lease_of,
    lifetime,
    owner_of,
)
from image_scan.errors import AwsUnavailable
from image_scan.events.by_hand import is_by_hand
from image_scan.events.workloads import is_registered, workload_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from boto3.dynamodb.conditions import ConditionBase

    from image_scan.cache.table import CacheTable
    from image_scan.contracts import CacheDecision, Lease, ScanInput, Workload
    from image_scan.results import Outcome

Entry = dict[str, Any]
_SHOWN = ("uri", "account_id", "region", "repository", "tag")
# Bytes of those who have asked without running the image; DynamoDB takes 400 KB in all.
_MOST_REQUESTS = 50_000
_VERSION = ("status", "ttl", "acquired_at")


class ScanCache:
    """Every method raises AwsUnavailable or AwsRejected: trouble is neither a hit nor a miss."""

    def __init__(
        self,
        table: CacheTable,
        may_notify: Callable[[Outcome], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._may_notify = may_notify
        self._clock = clock

    def decide(
        self, scan_input: ScanInput, lease_seconds: int, row: Mapping[str, Any] | None
    ) -> CacheDecision:
        """Takes the lease of an image that nobody knows, else says what is to be done with it.

        `row` is what the inventory has returned for this event."""
        if row is None:
            return standing.SKIP
        key, owner = scan_input["image"]["key"], owner_of(scan_input)
        for attempt in range(3):
            consistent = attempt > 0 or standing.has_to_know(scan_input, row)
            entry = self._table.get(key, consistent=consistent) or {}
            met = standing.Met(scan_input, entry, row, owner, self._clock(), self._may_notify)
            decision = standing.decide(met)
            if decision is None:
                decision = self._take(met, lease_seconds)
            elif met.is_asking and not self._join(met):
                continue
            elif decision.get("again") and not self._may_judge_again(entry, met.run):
                return standing.SKIP
            elif decision["decision"] == "scan" and not self._renew(decision, lease_seconds):
                continue
            if decision is not None:
                return decision
        raise AwsUnavailable("the entry changed each time it was read")

    def held(self, lease: Lease) -> Entry:
        """Reads the entry that a lease has become: still leased, or a verdict. Empty if another
        lease was taken since."""
        entry = self._table.get(lease["key"]) or {}
        same = all(entry.get(name) == lease[name] for name in ("owner", "acquired_at"))
        return entry if same else {}

    def record(
        self, lease: Lease, outcome: Outcome, ttl_seconds: int, *, announced: bool = False
    ) -> Entry:
        """Turns a lease into its verdict, or into a failure, and returns that. Empty if it is not
        held any more. `announced`: nobody has to be notified of it."""
        changes = {name: value for name, value in outcome.items() if name in RESULT}
        changes |= {"status": outcome["verdict"], "reason": outcome.get("reason", "")}
        changes["ttl"] = self._now() + lifetime(lease["key"], outcome, ttl_seconds)
        changes |= {"announced": True} if announced else {}
        try:
            held = _is_of(lease) & Attr("status").eq(IN_PROGRESS)
            return self._table.update(lease["key"], changes, held)
        except ConditionFailedError:
            return {}

    def rejudge(self, lease: Lease, number: int, outcome: Outcome) -> Entry:
        """Replaces the verdict of the scan `number`, which then has the number of the lease, and
        runs out as before. Returns its entry; empty if another scan has begun since, or workloads
        still wait for the notification of that verdict."""
        changes = {name: value for name, value in outcome.items() if name in RESULT}
        changes |= {"status": outcome["verdict"], "reason": outcome.get("reason", "")}
        changes |= {"acquired_at": lease["acquired_at"], "since": lease["acquired_at"]}
        changes |= {"announced": False, "requests": {}}
        gone = tuple(name for name in RESULT if name not in changes)
        same = _is_of({**lease, "acquired_at": number}) & Attr("announced").eq(True)
        same &= Attr("status").is_in(list(RESULTS)) & Attr("ttl").gt(self._now())
        try:
            return self._table.change(lease["key"], Change(changes, {}, gone), same)
        except ConditionFailedError:
            return {}

    def announced(self, lease: Lease) -> None:
        """All who waited for this scan were notified: nobody is left for the next."""
        with suppress(ConditionFailedError):  # another lease was taken since
            self._table.update(lease["key"], {"announced": True}, _is_of(lease))

    def keep_findings(self, key: str, outcome: Outcome, ttl_seconds: int) -> None:
        """Twice as long as the verdict: the next version is compared with them. Those that are too
        many replace what an earlier scan has found, too: they are unknown then."""
        if "listed" in outcome:
            until = self._now() + 2 * ttl_seconds
            item = {"imageDigest": findings_key(key), "listed": outcome["listed"], "ttl": until}
            self._table.put(item)

    def findings_of(self, key: str) -> str:
        """Reads what was found; empty where it is unknown."""
        item = self._table.get(findings_key(key)) or {}
        return str(item.get("listed", ""))

    def _renew(self, decision: CacheDecision, seconds: int) -> bool:
        """Gives the scan of an event that comes again the whole time of a lease: its first delivery
        may have started none. False if the lease has ended meanwhile."""
        lease = cast("Lease", decision["lease"])
        held = _is_of(lease) & Attr("status").eq(IN_PROGRESS)
        try:
            self._table.update(lease["key"], {"ttl": self._now() + seconds}, held)
        except ConditionFailedError:
            return False
        return True

    def _take(self, met: standing.Met, seconds: int) -> CacheDecision | None:
        """Takes the lease over what was read; None if that has changed."""
        scan_input, entry = met.scan_input, met.entry
        reason = scan_input["image"]["unscannable"]
        # Not in seconds: a scan can end, and its event come again, within one. No scan has the
        # number of one before: names of executions cannot be used again.
        number = max(int(self._clock() * 1000), entry.get("acquired_at", 0) + 1)
        lease = lease_of(scan_input, number)
        before = entry if met.is_passed_on else {}
        item: Entry = {
            "imageDigest": lease["key"],
            **{name: scan_input["image"][name] for name in _SHOWN},  # type: ignore[literal-required]
            "status": IN_PROGRESS,
            "owner": lease["owner"],
            "acquired_at": number,
            "ttl": number // 1000 + seconds,
            "since": before.get("since", number),
            "requests": _requests(scan_input, before),
            **({"reason": reason, "unasked": True} if reason else {}),
            **({"repeated": True} if met.is_repeated else {}),
        }
        try:
            self._table.put(item, _unchanged(entry))
        except ConditionFailedError:
            return None
        return standing.holding(lease, reason)

    def _join(self, met: standing.Met) -> bool:
        """Adds who asks by hand to the scan that runs. False if that has ended meanwhile."""
        entry = met.entry
        requests = _requests(met.scan_input, entry)
        added = {f"requests.{name}": requests[name] for name in requests.keys() - entry["requests"]}
        same = _unchanged(entry) & Attr("owner").eq(entry["owner"])
        try:
            if added:
                self._table.update(entry["imageDigest"], added, same)
        except ConditionFailedError:
            return False
        return True

    def _may_judge_again(self, entry: Entry, run: int | None) -> bool:
        """Whether this is the first task of the image that a reconciliation has found running."""
        last = Attr("judged_for")
        same = Attr("acquired_at").eq(entry["acquired_at"])
        first = last.not_exists() | last.lt(run)
        try:
            self._table.update(entry["imageDigest"], {"judged_for": run}, same & first)
        except ConditionFailedError:
            return False
        return True

    def _now(self) -> int:
        return int(self._clock())


def findings_key(key: str) -> str:
    """Of the item that holds all findings of an image."""
    return f"findings#{key}"


def _requests(scan_input: ScanInput, before: Mapping[str, Any]) -> dict[str, Workload]:
    """Who has asked for the scan without running the image: they have no row of the inventory.

    Raises AwsUnavailable if too many have: the event is tried again, and queued."""
    deployment = scan_input["deployment"]
    asked: dict[str, Workload] = dict(before.get("requests", {}))
    name, facts = workload_of(scan_input)
    if is_registered(deployment):
        asked[name] = facts
    elif is_by_hand(deployment):
        asked[f"{name}#{facts['principal']}"] = facts
    if len(asked) > len(before.get("requests", {})) and len(json.dumps(asked)) > _MOST_REQUESTS:
        raise AwsUnavailable("too many have asked for a scan of this image without running it")
    return asked


def _is_of(lease: Lease) -> ConditionBase:
    """The condition that an entry is a lease, or what has become of it. The time too: an event that
    is delivered again may have taken the lease again."""
    ours = Attr("owner").eq(lease["owner"]) & Attr("acquired_at").eq(lease["acquired_at"])
    return cast("ConditionBase", ours)


def _unchanged(entry: Mapping[str, Any]) -> ConditionBase:
    """The condition that an entry is still the one that was read."""
    if not entry:
        return cast("ConditionBase", Attr("imageDigest").not_exists())
    # What is compared with NULL is not equal, not even what is not there.
    status, ttl, number = (
        Attr(name).not_exists() if entry.get(name) is None else Attr(name).eq(entry[name])
        for name in _VERSION
    )
    return status & ttl & number
