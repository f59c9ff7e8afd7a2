"""Leases and verdicts: one image is scanned once, whoever deploys it.

An entry is a lease (`IN_PROGRESS`), a verdict, or a failure; docs/core.md has its states. It says
nothing of workloads: what runs the image is in the inventory. DynamoDB removes expired items late,
so every decision compares the time itself. Each write is made on the entry that was read.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from image_scan import log, metrics
from image_scan.aws.dynamodb import Attr, Change, ConditionFailedError
from image_scan.cache import entries, standing, writes
from image_scan.cache.entries import (
    IN_PROGRESS,
    RESULT,
    RESULTS,
    findings_key,
    lease_of,
    lifetime,
    listed,
    owner_of,
)
from image_scan.errors import AwsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.cache.table import CacheTable
    from image_scan.contracts import CacheDecision, Lease, ScanInput
    from image_scan.results import Outcome

Entry = dict[str, Any]


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
            if entries.is_overtaken(entry, met.now, is_forced=met.is_forced):
                self._leave_alone(entry)
                continue
            decision = standing.decide(met)
            if decision is None:
                decision = self._take(met, lease_seconds)
            elif met.is_asking and not self._join(met):
                continue
            elif decision.get("again") and met.run and not self._may_judge_again(entry, met):
                return standing.SKIP
            elif decision["decision"] == "scan" and not self._renew(met, decision, lease_seconds):
                continue
            if decision is not None:
                return decision
        raise AwsUnavailable("the entry changed each time it was read")

    def held(self, lease: Lease) -> Entry:
        """Reads the entry that a lease has become: still leased, or a verdict. Empty if another
        lease was taken since. A rescan has the entry of the verdict that it is `beside`."""
        entry = self._table.get(lease["key"]) or {}
        if writes.is_same(entry, lease):
            return entry
        if writes.is_same(entry.get("rescan", {}), lease):
            return {**entry["rescan"], "status": IN_PROGRESS, "beside": entry}
        return {}

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
            return self._table.update(lease["key"], changes, writes.is_held(lease))
        except ConditionFailedError as error:
            return self._replace(error.item, lease, changes)

    def spare(self, lease: Lease, entry: Entry, outcome: Outcome) -> bool:
        """Ends a rescan that has no result. Returns whether the verdict `beside` it stays: as long
        as that counts. Else the lease is that of the image."""
        if "ended" in entry or outcome["verdict"] in RESULTS:
            return "ended" in entry
        if entries.valid_until(verdict := entry["beside"]) <= self._now():
            self._leave_alone(verdict)
            return False
        with suppress(ConditionFailedError):  # it was left alone meanwhile
            change = writes.rescan_ended(verdict, lease, outcome)
            self._table.change(lease["key"], change, writes.is_rescan_of(lease))
            log.warning("a rescan had no result", verdict=outcome["verdict"])
            metrics.count("FailedRescans")
            return True
        return "ended" in self.held(lease)

    def _replace(self, entry: Entry, lease: Lease, changes: Mapping[str, Any]) -> Entry:
        """Replaces a verdict by the result of the rescan beside it."""
        if not writes.is_same(entries.lease_beside(entry), lease):
            return {}
        try:
            return self._table.change(
                lease["key"], writes.rescan_alone(entry, changes), writes.is_rescan_of(lease)
            )
        except ConditionFailedError:
            pass
        with suppress(ConditionFailedError):  # it was left alone meanwhile
            return self._table.update(lease["key"], changes, writes.is_held(lease))
        return {}

    def _leave_alone(self, entry: Entry) -> None:
        """Leaves the lease of a rescan alone: its verdict counts no more."""
        with suppress(ConditionFailedError):  # it has ended, or this was done
            change = writes.rescan_alone(entry, {})
            self._table.change(entry["imageDigest"], change, writes.rescan_goes_on(entry))

    def rejudge(self, lease: Lease, number: int, outcome: Outcome) -> Entry:
        """Replaces the verdict of the scan `number`, which then has the number of the lease, and
        runs out as before. Returns its entry; empty if another scan has begun since, or workloads
        still wait for the notification of that verdict."""
        changes = {name: value for name, value in outcome.items() if name in RESULT}
        changes |= {"status": outcome["verdict"], "reason": outcome.get("reason", "")}
        changes |= {"acquired_at": lease["acquired_at"], "since": lease["acquired_at"]}
        changes |= {"announced": False, "requests": {}}
        gone = tuple(name for name in (*RESULT, *writes.RESCAN) if name not in changes)
        same = writes.is_of({**lease, "acquired_at": number}) & Attr("announced").eq(True)
        same &= Attr("status").is_in(list(RESULTS)) & Attr("ttl").gt(self._now())
        same &= Attr("rescan").not_exists() | Attr("rescan.ttl").lte(self._now())
        try:
            return self._table.change(lease["key"], Change(changes, {}, gone), same)
        except ConditionFailedError:
            return {}

    def announced(self, lease: Lease) -> None:
        """All who waited for this scan were notified: nobody is left for the next."""
        with suppress(ConditionFailedError):  # another lease was taken since
            self._table.update(lease["key"], {"announced": True}, writes.is_of(lease))

    def keep_findings(self, lease: Lease, outcome: Outcome, ttl_seconds: int) -> None:
        """Twice as long as the verdict: the next version is compared with them. Those that are too
        many replace what an earlier scan has found, too: they are unknown then."""
        if "listed" in outcome:
            item: Entry = {"imageDigest": findings_key(lease["key"]), "listed": outcome["listed"]}
            item |= {"of": lease["acquired_at"], "ttl": self._now() + 2 * ttl_seconds}
            of = Attr("of")
            with suppress(ConditionFailedError):  # those of a later scan stay
                self._table.put(item, of.not_exists() | of.lte(lease["acquired_at"]))

    def findings_of(self, key: str, number: int = 0) -> str:
        """Reads what was found, by the scan `number` if that is given; empty where it is unknown.
        Verdict and findings are two writes: there may be one without the other."""
        return listed(self._table.get(findings_key(key)) or {}, number)

    def _renew(self, met: standing.Met, decision: CacheDecision, seconds: int) -> bool:
        """Gives the scan of an event that comes again the whole time of a lease: its first delivery
        may have started none. False if the lease has ended meanwhile."""
        lease = cast("Lease", decision["lease"])
        until = self._now() + seconds
        change, held = Change({"ttl": until}), writes.is_held(lease)
        if entries.is_rescanning(met.entry, met.owner, met.now):
            change, held = writes.rescan_renewed(met.entry, until), writes.is_rescan_of(lease)
        try:
            self._table.change(lease["key"], change, held)
        except ConditionFailedError:
            return False
        return True

    def _take(self, met: standing.Met, seconds: int) -> CacheDecision | None:
        """Takes the lease over what was read; None if that has changed."""
        entry = met.entry
        # Not in seconds: a scan can end, and its event come again, within one. No scan has the
        # number of one before: names of executions cannot be used again.
        last = max(each.get("acquired_at", 0) for each in (entry, entry.get("rescan", {})))
        number = max(int(self._clock() * 1000), last + 1)
        lease = lease_of(met.scan_input, number)
        item = writes.leased(met, lease, number // 1000 + seconds)
        same = writes.unchanged(entry)
        try:
            if met.is_outdated and not met.is_forced:
                self._table.change(lease["key"], writes.rescan_begun(entry, item), same)
            else:
                self._table.put(item, same)
        except ConditionFailedError:
            return None
        return standing.holding(lease, met.image["unscannable"])

    def _join(self, met: standing.Met) -> bool:
        """Adds who asks by hand to the scan that runs. False if that has ended meanwhile."""
        entry = met.entry
        asked = writes.asked(met.scan_input, entry)
        added = {f"requests.{name}": asked[name] for name in asked.keys() - entry["requests"]}
        same = writes.unchanged(entry) & Attr("owner").eq(entry["owner"])
        try:
            if added:
                self._table.update(entry["imageDigest"], added, same)
        except ConditionFailedError:
            return False
        return True

    def _may_judge_again(self, entry: Entry, met: standing.Met) -> bool:
        """Whether this is the first task of the image that a reconciliation has found running."""
        last = Attr("judged_for")
        same = Attr("acquired_at").eq(entry["acquired_at"])
        first = last.not_exists() | last.lt(met.run)
        try:
            self._table.update(entry["imageDigest"], {"judged_for": met.run}, same & first)
        except ConditionFailedError:
            return False
        return True

    def _now(self) -> int:
        return int(self._clock())
