"""What an event is to do about an image, by what the cache and the inventory say of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from image_scan.cache import entries, turns
from image_scan.cache.entries import FAILURES, IN_PROGRESS, RESULTS, lease_of, outcome_of
from image_scan.cache.rows import has_open_record, is_claimed, starts_again
from image_scan.contracts import CacheDecision
from image_scan.events.by_hand import is_by_hand
from image_scan.events.workloads import is_registered
from image_scan.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.contracts import Image, Lease, ScanInput

SKIP = CacheDecision(decision="skip", lease=None, outcome=None)
ACTIVE = ("deployed", "running")
# A workload that runs an image is seen once an hour, and not at the start of each of its tasks.
SEEN_SECONDS = 3600
# What starts again and again is judged again once a day.
JUDGED_SECONDS = 20 * 3600


@dataclass(frozen=True)
class Met:
    """An event that meets an entry. `row` is the inventory's of its workload, from before it."""

    scan_input: ScanInput
    entry: Mapping[str, Any]
    row: Mapping[str, Any]
    owner: str
    now: float
    may_notify: Callable[[Outcome], bool]

    @property
    def image(self) -> Image:
        return self.scan_input["image"]

    @property
    def status(self) -> str:
        """Of the entry, if it counts: until it has run out."""
        return str(entries.as_now(self.entry, self.now).get("status", ""))

    @property
    def is_ours(self) -> bool:
        return bool(self.entry.get("owner") == self.owner)

    @property
    def is_asking(self) -> bool:
        """Whether this is a request by hand beside a scan that runs: its answer is that scan's."""
        is_beside = self.status == IN_PROGRESS and not self.is_ours
        by_hand = is_by_hand(self.scan_input["deployment"])
        return is_beside and by_hand and not self.image["unscannable"]

    @property
    def is_in_vain(self) -> bool:
        """Whether the entry has no result: those who wait for it wait for the next scan, too."""
        return self.entry.get("status") in (IN_PROGRESS, *FAILURES)

    @property
    def is_passed_on(self) -> bool:
        """Whether the next scan is to answer those who wait for the entry, too: it has no result,
        or not all were notified of it."""
        return self.is_in_vain or not self.entry.get("announced", False)

    @property
    def is_registered(self) -> bool:
        return is_registered(self.scan_input["deployment"])

    @property
    def run(self) -> int | None:
        """When the reconciliation began that has found this task, in epoch milliseconds."""
        state = self.scan_input.get("task")
        if not state or not state.get("reconciled"):
            return None
        time = self.scan_input["deployment"]["event_time"]
        return int(datetime.fromisoformat(time).timestamp() * 1000)

    @property
    def is_judged_again(self) -> bool:
        """Whether a verdict that the workload knows is judged again, because exceptions begin and
        end: by a reconciliation, or as a workload starts that had stopped, once a day. No
        reconciliation meets the tasks of a schedule."""
        state = self.scan_input.get("task")
        is_start = state is not None and not state["stopped"] and starts_again(self.row)
        is_due = self.row.get("judged_at", 0) <= self.now - JUDGED_SECONDS
        return self.run is not None or (is_start and is_due)

    @property
    def is_outdated(self) -> bool:
        """Whether a reconciliation has found that this verdict is too old, and no rescan began."""
        state = self.scan_input.get("task")
        number = state.get("rescan", {}).get(self.image["key"]) if state else None
        is_this = number is not None and bool(number == self.entry.get("acquired_at"))
        is_result = self.status in RESULTS and not self.image["unscannable"]
        return is_this and is_result and entries.may_rescan(self.entry, self.owner, self.now)

    @property
    def is_forced(self) -> bool:
        """Whether a scan is asked for by somebody who does not want what is known."""
        is_asked = self.scan_input.get("force", False) and not self.is_ours
        return is_asked and not self.image["unscannable"]

    @property
    def is_repeated(self) -> bool:
        """Whether a reconciliation has this scan made, because the one before had no result."""
        return self.run is not None and self.status in FAILURES

    def is_claimed(self, number: int) -> bool:
        return is_claimed(self.row, self.scan_input["event_id"], number, self.now)

    @property
    def is_one_more_task(self) -> bool:
        """Whether this is a task of a workload that waited for this entry as well: nobody has
        deployed anything. Not if its row is this event's own, from a try before."""
        is_first = self.row.get("event_id") == self.scan_input["event_id"]
        since = self.entry.get("since", 0) - SEEN_SECONDS * 1000
        waited = self.row.get("state") in ACTIVE or self.row.get("asked_at", 0) >= since
        is_task = self.scan_input.get("task") is not None
        is_in_scope = "out_of_scope" not in self.row
        return is_task and bool(self.row) and waited and not is_first and is_in_scope


def is_watched(row: Mapping[str, Any]) -> bool:
    """Whether a workload runs an image, or was deployed to, and is in scope."""
    return row.get("state") in ACTIVE and "out_of_scope" not in row


def has_to_know(scan_input: ScanInput, row: Mapping[str, Any]) -> bool:
    """Whether an event has to see what is known now, and not a moment ago.

    Nobody waits for what a registration finds. And where a workload had the image before a task
    of it, the event that brought the image asks, and any completion since then finds the row.
    """
    state = scan_input.get("task")
    is_late = state and is_watched(row) and not state.get("reconciled")
    return not (is_late or is_registered(scan_input["deployment"]))


def decide(met: Met) -> CacheDecision | None:
    """Returns what is to be done; None to take the lease. Nobody is notified of what is out of
    scope. It is scanned only if somebody waits for the verdict, or if this event began the scan."""
    if "out_of_scope" not in met.image:
        return _in_scope(met)
    decision = _in_scope(met) if met.image.get("wanted") or met.is_ours else SKIP
    is_of_workload = decision and decision["decision"] == "notify" and not decision["lease"]
    return SKIP if is_of_workload else decision


def _in_scope(met: Met) -> CacheDecision | None:
    if met.image["unscannable"] and is_by_hand(met.scan_input["deployment"]):
        return CacheDecision(decision="skip", lease=None, outcome=_unscannable(met))
    return _by_entry(met) if met.image["account_id"] else _apart(met)


def _by_entry(met: Met) -> CacheDecision | None:
    if met.status == IN_PROGRESS:
        if met.is_ours:
            lease = lease_of(met.scan_input, met.entry["acquired_at"])
            return holding(lease, met.entry.get("reason", ""))
        is_late = met.is_one_more_task and met.run is None
        is_next = turns.is_next(met.scan_input, met.entry, is_registered=met.is_registered)
        return None if is_next and not is_late else SKIP
    if met.status and met.status not in FAILURES:
        return _of_verdict(met)
    if met.image["unscannable"]:
        return _of_nothing_to_scan(met)
    if met.status and met.is_one_more_task:
        begun = met.entry["acquired_at"]
        return None if met.run is not None and begun < met.run else SKIP
    return None


def holding(lease: Lease, unscannable: str) -> CacheDecision:
    """What the holder of a lease does: scan, or notify all who wait why nobody can."""
    if not unscannable:
        return CacheDecision(decision="scan", lease=lease, outcome=None)
    outcome = Outcome(verdict="UNSCANNABLE", reason=unscannable)
    return CacheDecision(decision="notify", lease=lease, outcome=outcome)


def _of_verdict(met: Met) -> CacheDecision | None:
    """A bad verdict is notified to a workload that was not notified of it. The event whose scan it
    was goes on for all who waited."""
    if entries.is_rescanning(met.entry, met.owner, met.now):
        return holding(lease_of(met.scan_input, met.entry["rescan"]["acquired_at"]), "")
    if _may_scan_past(met):
        return None
    outcome, number = outcome_of(met.entry), met.entry["acquired_at"]
    known = CacheDecision(decision="notify", lease=None, outcome=outcome, scan=number)
    if met.is_ours and not met.entry.get("announced"):
        return {**known, "lease": lease_of(met.scan_input, number)}
    # What is registered runs nowhere; and who asks by hand reads the verdict.
    is_workload = not met.is_registered and not is_by_hand(met.scan_input["deployment"])
    # What became harmless while a workload had no task ends what it was notified of.
    is_news = met.may_notify(outcome) or (met.status in RESULTS and has_open_record(met.row))
    if not is_news or not is_workload:
        return SKIP
    if met.row.get("notified_of", 0) >= number:
        is_due = met.is_judged_again and met.status == "FINDINGS"
        return {**known, "again": True} if is_due else SKIP
    return SKIP if met.is_claimed(number) else known


def _may_scan_past(met: Met) -> bool:
    """Whether a verdict keeps nobody from scanning: if that is asked for, but not twice for the
    same request; if it is too old; or if there was nothing to scan, and now there is."""
    if met.image["unscannable"]:
        return False
    is_new = bool(met.entry.get("unasked")) or not met.is_one_more_task
    # A reconciliation, once a run, from where that was not tried.
    is_later = met.run is not None and met.entry["acquired_at"] < met.run
    is_new |= is_later and turns.is_elsewhere(met.image, met.entry)
    return met.is_forced or met.is_outdated or (met.status == "UNSCANNABLE" and is_new)


def _of_nothing_to_scan(met: Met) -> CacheDecision | None:
    """No verdict counts, and no scan can be asked for. Those who wait for one are to know; what has
    failed in another repository is not ended by this one."""
    if met.is_in_vain and turns.is_elsewhere(met.image, met.entry):
        return _apart(met)
    is_early = met.is_registered or _is_awaited(met.scan_input)
    return SKIP if is_early and not met.is_in_vain else None


def _apart(met: Met) -> CacheDecision:
    """An image without an entry of its own: its verdict is its workloads' alone."""
    outcome = _unscannable(met)
    is_known = met.row.get("notified_as") == f"{outcome['verdict']} {outcome['reason']}"
    is_early = met.is_registered or _is_awaited(met.scan_input)
    if is_known or is_early or met.is_claimed(0):
        return SKIP
    return CacheDecision(decision="notify", lease=None, outcome=outcome)


def _is_awaited(scan_input: ScanInput) -> bool:
    """Whether nothing was pulled yet from a repository that did not exist when the call was made:
    its task will show."""
    return scan_input["image"].get("awaited", False) and scan_input.get("task") is None


def _unscannable(met: Met) -> Outcome:
    return Outcome(verdict="UNSCANNABLE", reason=met.image["unscannable"])
