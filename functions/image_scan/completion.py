"""The end of an image's way: it is told first, to machines and to people, then recorded.

In this order an alert can be told twice after a crash, but never be lost behind a cache hit.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from image_scan import log, metrics
from image_scan.contracts import Outcome, Settled, SettleTask
from image_scan.errors import MalformedEvent
from image_scan.events.workloads import workload_of
from image_scan.notifications import facts, throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.cache.concurrency import ScanSlots
    from image_scan.cache.leases import ScanCache
    from image_scan.contracts import Workload
    from image_scan.notifications.throttle import InstallNotices

    # Tells those who have to hear, and says whether there were any.
    Tell = Callable[[SettleTask, Outcome, Mapping[str, Workload]], bool]
    Once = Callable[[str, Callable[[], object]], bool]
    Announce = Callable[[SettleTask, Outcome, Mapping[str, Workload]], None]

_STATUS_CHANGE = "Step Functions Execution Status Change"
_KEPT = "This is not the image's fault: it waits in the failed-events queue for a redrive"
_ALL_KEPT = (
    "This is not the image's fault: until it is mended, all images that meet it wait in the "
    "failed-events queue for a redrive, and the next hour tells of no other"
)
# The image's own: trying again would give the same answer. What cannot be read is not among them.
_OWN = frozenset({"ScanFailed", "UnexpectedAnswer", "QualysRejected"})
_DIED = "execution "
_RECORDED = ("CLEAN", "FINDINGS", "UNSCANNABLE")


def read_task(event: dict[str, Any]) -> SettleTask:
    """The task of a state machine, or of an execution that died outside its own error handling.

    Raises MalformedEvent when EventBridge left the execution's input out.
    """
    if event.get("detail-type") != _STATUS_CHANGE:
        return cast("SettleTask", event)
    detail = event["detail"]
    if not detail.get("input"):
        raise MalformedEvent(f"no input is included of {detail.get('executionArn')}")
    outcome = Outcome(
        verdict="ERROR",
        error=f"{_DIED}{detail['status']}",
        cause=detail.get("cause") or "",
    )
    return cast("SettleTask", {**json.loads(detail["input"]), "outcome": outcome})


def settle(
    task: SettleTask,
    cache: ScanCache,
    slots: ScanSlots,
    notices: InstallNotices,
    ttl_seconds: int,
    tell: Tell,
    announce: Announce,
) -> Settled:
    """Tells who has to know and records the verdict; safe to repeat. `announce` hears of each
    scan that ended, and of what cannot be scanned."""
    outcome = task["outcome"]
    outcome["reason"] = facts.reason(outcome)
    lease = task["lease"]
    if lease is None:
        workload, deployed = workload_of(task)
        if outcome["verdict"] == "UNSCANNABLE":
            announce(task, outcome, {workload: deployed})
        notified = tell(task, outcome, {workload: deployed})
        if not task.get("again"):
            cache.note_told(task, outcome, ttl_seconds)
        if outcome["verdict"] == "UNSCANNABLE":
            metrics.count("Verdicts", Verdict="UNSCANNABLE")
        return _settled(outcome, notified)
    slots.give_back(lease["execution_name"])
    end = cache.record if outcome["verdict"] in _RECORDED else cache.free
    cache.keep_findings(lease, outcome, ttl_seconds)
    notified = False
    once = partial(notices.once, claimant=lease["execution_name"])
    heard: dict[str, Workload] = {}
    unaware: dict[str, Workload] = {}
    while (workloads := cache.workloads_of(lease)) is not None:
        late = {workload: each for workload, each in workloads.items() if workload not in heard}
        if late:
            announce(task, outcome, late)
            to_tell = cache.unaware(lease, outcome, late)
            unaware |= to_tell
            notified |= bool(to_tell) and _tell(task, outcome, to_tell, once, tell)
        heard |= late
        if end(lease, outcome, ttl_seconds, heard):
            log.info(
                "settled", verdict=outcome["verdict"], reason=outcome["reason"], notified=notified
            )
            metrics.count("Verdicts", Verdict=outcome["verdict"])
            return _settled(outcome, notified, is_known=bool(heard) and not unaware)
    log.info("already settled", verdict=outcome["verdict"])
    return _settled(outcome, notified)


def _tell(
    task: SettleTask,
    outcome: Outcome,
    workloads: Mapping[str, Workload],
    once: Once,
    tell: Tell,
) -> bool:
    if not _is_kept(outcome):
        return tell(task, outcome, workloads)
    of_install = outcome["error"] in throttle.ERRORS
    words = f"{outcome['reason']}. {_ALL_KEPT if of_install else _KEPT}"
    told = cast("Outcome", {**outcome, "reason": words})
    if of_install:
        return once(outcome["error"], partial(tell, task, told, workloads))
    return tell(task, told, workloads)


def _is_kept(outcome: Outcome) -> bool:
    """Whether the state machine keeps the request of this scan, if it has not died itself."""
    error = outcome.get("error", "")
    return outcome["verdict"] == "ERROR" and error not in _OWN and not error.startswith(_DIED)


def _settled(outcome: Outcome, notified: bool, *, is_known: bool = False) -> Settled:
    """`is_known`: the scan before ended in the same way, and what it said holds."""
    return Settled(
        verdict=outcome["verdict"],
        notified=notified,
        kept=_is_kept(outcome) and not is_known,
        error=outcome.get("error", ""),
        reason=outcome.get("reason", ""),
    )
