"""Completes a scan: records its verdict, then notifies the workloads that wait for it.

In this order no workload is missed: who is not there yet when the rows are read finds the verdict.
Each notification is claimed before and marked after, so a crash can repeat it, and never lose it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from image_scan import log, metrics
from image_scan.cache.entries import FAILURES, IN_PROGRESS, scan_of
from image_scan.cache.standing import ACTIVE, is_watched
from image_scan.events.workloads import is_registered, to_notify, workload_of
from image_scan.inventory.claims import is_due
from image_scan.inventory.notified import RECORD, days_of
from image_scan.inventory.workloads import facts_of
from image_scan.notifications import endings, facts, throttle, waiting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from image_scan.cache.leases import ScanCache
    from image_scan.contracts import Completed, CompletionInput, Lease, Workload
    from image_scan.inventory.claims import Claims
    from image_scan.inventory.notified import Notice
    from image_scan.notifications.recipients import Notifier
    from image_scan.notifications.result_events import ResultEvents
    from image_scan.notifications.throttle import Throttle
    from image_scan.results import Outcome
    from image_scan.state.permits import ScanPermits
    from image_scan.state.registered_failures import RegisteredFailures
    from image_scan.state.registries import RegistryCache

    Row = dict[str, Any]

_QUEUED = "This is not the image's fault: it waits in the failed-events queue for a redrive"
_ALL_QUEUED = (
    "This is not the image's fault: until that is fixed, all images that meet it wait in the "
    "failed-events queue for a redrive, and the next hour reports no other"
)


@dataclass(frozen=True)
class Completion:
    """What SendNotification does; safe to repeat."""

    cache: ScanCache
    registries: RegistryCache
    claims: Claims
    permits: ScanPermits
    notices: Throttle
    registered: RegisteredFailures
    notifier: Notifier
    events: ResultEvents
    ttl_seconds: int

    def complete(self, scan_input: CompletionInput) -> Completed:
        """Records a verdict if its scan has just ended, and notifies the workloads that wait."""
        outcome = scan_input["outcome"]
        outcome["reason"] = facts.reason(outcome)
        if (lease := scan_input["lease"]) is None:
            return self._of_workload(scan_input, outcome)
        entry, resumed = self.cache.held(lease), True
        if rejudged := scan_input.get("rejudged"):
            entry = entry or self.cache.rejudge(lease, rejudged["number"], outcome)
            self._announce(scan_input, outcome, lease, entry)
        else:
            self.permits.give_back(lease["execution_name"])
        if "beside" in entry and self.cache.spare(lease, entry, outcome):
            return endings.completed(outcome, notified=False, is_known=True)
        if entry.get("status") == IN_PROGRESS:
            recorded = self._record(scan_input, outcome, lease, entry)
            resumed = not recorded
            entry = recorded or self.cache.held(lease)
        if not entry:
            log.info("already completed", verdict=outcome["verdict"])
            return endings.completed(outcome, notified=False)
        outcome = endings.recorded(entry, outcome) if resumed else outcome
        outcome["had_result"] = entry.get("had_result", False)
        notified, is_new = self._notify_waiting(scan_input, outcome, lease, entry)
        if not resumed and (waited := scan_input.get("waited")) and outcome.get("fresh"):
            self.registries.learn(scan_input["image"], waited, outcome["scanned_at"])
        log.info(
            "completed", verdict=outcome["verdict"], reason=outcome["reason"], notified=notified
        )
        return endings.completed(outcome, notified=notified, is_known=not is_new)

    def _record(
        self, scan_input: CompletionInput, outcome: Outcome, lease: Lease, entry: Row
    ) -> Row:
        """Announces the result to machines, and writes the verdict. Returns its entry."""
        rows = self._announce(scan_input, outcome, lease, entry)
        # What is not notifiable is announced, unless that ends what somebody was notified of.
        announced = self._is_quiet(outcome) and not any(RECORD in row for row in rows)
        if recorded := self.cache.record(lease, outcome, self.ttl_seconds, announced=announced):
            metrics.count("Verdicts", Verdict=outcome["verdict"])
        return recorded

    def _announce(
        self, scan_input: CompletionInput, outcome: Outcome, lease: Lease, entry: Row
    ) -> list[Row]:
        """Stores the findings, and announces the result to machines. Returns the rows of the image.
        Does nothing without an entry."""
        if not entry:
            return []
        rows = self.claims.rows(lease["key"], consistent=False)  # they are read again afterwards
        due = _workloads([row for row in rows if is_due(row, scan_of(entry))])
        self.cache.keep_findings(lease, outcome, self.ttl_seconds)
        asked = _requests(entry, rows)
        self.events.put(scan_input, outcome, {**asked, **due}, days_of(rows))
        return rows

    def _notify_waiting(
        self, scan_input: CompletionInput, outcome: Outcome, lease: Lease, entry: Row
    ) -> tuple[bool, bool]:
        """Returns whether anybody had to be notified, and whether the verdict is news to anybody
        who waits. Who asks and runs nothing has no row: the entry says whether that was done."""
        rows = self.claims.rows(lease["key"])
        due = waiting.due(rows, entry, scan_input, outcome)
        requests = {} if entry.get("announced") else _requests(entry, rows)
        is_awaited = any(is_due(row, scan_of(entry)) for row in rows)
        is_new = bool(due or requests or not is_awaited)
        requests = self._at_once(scan_input, outcome, requests)
        notified = self._notify_rows(scan_input, outcome, lease, entry, due, requests)
        if not entry.get("announced"):
            self.cache.announced(lease)
        for more in self.claims.rest(lease["key"], rows):
            due = waiting.due(more, entry, scan_input, outcome)
            notified |= self._notify_rows(scan_input, outcome, lease, entry, due, {})
        return notified, is_new

    def _notify_rows(
        self,
        scan_input: CompletionInput,
        outcome: Outcome,
        lease: Lease,
        entry: Row,
        due: Sequence[Row],
        requests: dict[str, Workload],
    ) -> bool:
        """Returns whether anybody had to be notified."""
        if self._is_quiet(outcome):
            # Nothing of this is notifiable: that ends what they were notified of before.
            self.notifier.notify(scan_input, outcome, _workloads(due), due)
            return False
        notified = False
        for names in waiting.parts(due):
            number = entry["acquired_at"]
            claimed = self.claims.claim(lease["key"], names, number, lease["owner"])
            workloads, named = {**requests, **_workloads(claimed)}, {}
            if workloads:
                named = self._notify(scan_input, outcome, workloads, claimed)
            notified |= bool(named)
            self.claims.mark(lease["key"], claimed, endings.cause(outcome), named)
            requests = {}
        return notified

    def _at_once(
        self, scan_input: CompletionInput, outcome: Outcome, requests: dict[str, Workload]
    ) -> dict[str, Workload]:
        """Leaves the failure of an image that is only registered to the daily digest. Returns the
        requests to notify of now."""
        policy, error = self.notifier.policy, outcome.get("error", "")
        is_own = outcome["verdict"] in FAILURES and error not in throttle.ERRORS
        registered = {name for name, each in requests.items() if is_registered(each)}
        is_notified = registered and policy.may_notify(outcome)
        if not (is_notified and is_own and policy.unscannable == "daily"):
            return requests
        image, reason = scan_input["image"], f"{outcome['verdict']}: {outcome['reason']}"
        self.registered.add(image["key"], image["uri"], reason, registered)
        return {name: each for name, each in requests.items() if name not in registered}

    def _is_quiet(self, outcome: Outcome) -> bool:
        """Whether nobody has to be notified of a verdict."""
        return not endings.cause(outcome) and not self.notifier.policy.may_notify(outcome)

    def _of_workload(self, scan_input: CompletionInput, outcome: Outcome) -> Completed:
        """Notifies one workload of what is known, or of an image without an entry."""
        workload, _ = workload_of(scan_input)
        key, number = scan_input["image"]["key"], scan_input.get("scan", 0)
        if scan_input.get("again"):
            return endings.completed(outcome, notified=self._notify_again(scan_input, outcome))
        rows = self.claims.claim(key, [workload], number, scan_input["event_id"])
        if not rows:
            return endings.completed(outcome, notified=False)
        if not number:
            self.events.put(scan_input, outcome, _workloads(rows))
            metrics.count("Verdicts", Verdict=outcome["verdict"])
        named = self.notifier.notify(scan_input, outcome, _workloads(rows), rows)
        self.claims.mark(key, rows, endings.cause(outcome), named)
        return endings.completed(outcome, notified=bool(named))

    def _notify_again(self, scan_input: CompletionInput, outcome: Outcome) -> bool:
        """Notifies all that run the image of what is new in a verdict that they know."""
        key, notified = scan_input["image"]["key"], False
        first = self.claims.rows(key)
        for rows in chain([first], self.claims.rest(key, first)):
            watched = [row for row in rows if is_watched(row)]
            named = self.notifier.notify(scan_input, outcome, _workloads(watched), watched)
            notified |= bool(named)
        return notified

    def _notify(
        self,
        scan_input: CompletionInput,
        outcome: Outcome,
        workloads: Mapping[str, Workload],
        rows: Sequence[Row],
    ) -> dict[str, Notice]:
        if not endings.is_queued(outcome):
            return self.notifier.notify(scan_input, outcome, workloads, rows)
        error = outcome.get("error", "")
        of_installation = error in throttle.ERRORS
        words = f"{outcome['reason']}. {_ALL_QUEUED if of_installation else _QUEUED}"
        explained = cast("Outcome", {**outcome, "reason": words})
        notify = partial(self.notifier.notify, scan_input, explained, workloads, rows)
        if not of_installation:
            return notify()
        lease, named = scan_input["lease"], dict[str, "Notice"]()
        claimant = lease["execution_name"] if lease else ""
        self.notices.once(error, lambda: named.update(notify()), claimant=claimant)
        return named


def _workloads(rows: Sequence[Row]) -> dict[str, Workload]:
    return {row["workload"]: facts_of(row) for row in rows}


def _requests(entry: Row, rows: Sequence[Row]) -> dict[str, Workload]:
    """Who has asked for the scan without running the image; a registered task definition only
    where no workload of its family is known."""
    scan = scan_of(entry)
    inside = [row for row in rows if "out_of_scope" not in row]
    here = [row for row in inside if row.get("state") in ACTIVE or is_due(row, scan)]
    known = to_notify({**entry["requests"], **_workloads(here)})
    return {name: each for name, each in entry["requests"].items() if name in known}
