"""Completes a scan: notifies machines and people, then records the verdict.

In this order a crash can repeat an alert, but never lose it behind a cache hit.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from image_scan import log, metrics
from image_scan.contracts import Completed, CompletionInput, Outcome
from image_scan.errors import MalformedEvent
from image_scan.events.workloads import workload_of
from image_scan.notifications import facts, throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.cache.concurrency import ScanPermits
    from image_scan.cache.leases import ScanCache
    from image_scan.contracts import Workload
    from image_scan.notifications.throttle import Throttle

    # Notifies the workloads that need it, and returns whether there were any.
    Notify = Callable[[CompletionInput, Outcome, Mapping[str, Workload]], bool]
    Once = Callable[[str, Callable[[], object]], bool]
    Announce = Callable[[CompletionInput, Outcome, Mapping[str, Workload]], None]

_STATUS_CHANGE = "Step Functions Execution Status Change"
_QUEUED = "This is not the image's fault: it waits in the failed-events queue for a redrive"
_ALL_QUEUED = (
    "This is not the image's fault: until that is fixed, all images that meet it wait in the "
    "failed-events queue for a redrive, and the next hour reports no other"
)
# The image's own: trying again would give the same answer. What cannot be read is not among them.
_OWN = frozenset({"ScanFailed", "UnexpectedAnswer", "QualysRejected"})
_DIED = "execution "
_RECORDED = ("CLEAN", "FINDINGS", "UNSCANNABLE")


def read_input(event: dict[str, Any]) -> CompletionInput:
    """Returns the input of a machine's state, or of an execution that died outside its own Catch.

    Raises MalformedEvent when EventBridge left the execution's input out.
    """
    if event.get("detail-type") != _STATUS_CHANGE:
        return cast("CompletionInput", event)
    detail = event["detail"]
    if not detail.get("input"):
        raise MalformedEvent(f"no input is included of {detail.get('executionArn')}")
    outcome = Outcome(
        verdict="ERROR",
        error=f"{_DIED}{detail['status']}",
        cause=detail.get("cause") or "",
    )
    return cast("CompletionInput", {**json.loads(detail["input"]), "outcome": outcome})


def complete(
    scan_input: CompletionInput,
    cache: ScanCache,
    permits: ScanPermits,
    notices: Throttle,
    ttl_seconds: int,
    notify: Notify,
    announce: Announce,
) -> Completed:
    """Notifies the workloads and records the verdict; safe to repeat. `announce` is given each
    scan that ended, and each image that cannot be scanned."""
    outcome = scan_input["outcome"]
    outcome["reason"] = facts.reason(outcome)
    lease = scan_input["lease"]
    if lease is None:
        workload, deployed = workload_of(scan_input)
        if outcome["verdict"] == "UNSCANNABLE":
            announce(scan_input, outcome, {workload: deployed})
        notified = notify(scan_input, outcome, {workload: deployed})
        if not scan_input.get("again"):
            cache.record_notified(scan_input, outcome, ttl_seconds)
        if outcome["verdict"] == "UNSCANNABLE":
            metrics.count("Verdicts", Verdict="UNSCANNABLE")
        return _completed(outcome, notified)
    permits.give_back(lease["execution_name"])
    end = cache.record if outcome["verdict"] in _RECORDED else cache.free
    cache.keep_findings(lease, outcome, ttl_seconds)
    notified = False
    once = partial(notices.once, claimant=lease["execution_name"])
    reached: dict[str, Workload] = {}
    unaware: dict[str, Workload] = {}
    while (workloads := cache.workloads_of(lease)) is not None:
        late = {workload: each for workload, each in workloads.items() if workload not in reached}
        if late:
            announce(scan_input, outcome, late)
            to_notify = cache.unaware(lease, outcome, late)
            unaware |= to_notify
            notified |= bool(to_notify) and _notify(scan_input, outcome, to_notify, once, notify)
        reached |= late
        if end(lease, outcome, ttl_seconds, reached):
            log.info(
                "completed", verdict=outcome["verdict"], reason=outcome["reason"], notified=notified
            )
            metrics.count("Verdicts", Verdict=outcome["verdict"])
            return _completed(outcome, notified, is_known=bool(reached) and not unaware)
    log.info("already completed", verdict=outcome["verdict"])
    return _completed(outcome, notified)


def _notify(
    scan_input: CompletionInput,
    outcome: Outcome,
    workloads: Mapping[str, Workload],
    once: Once,
    notify: Notify,
) -> bool:
    if not _is_queued(outcome):
        return notify(scan_input, outcome, workloads)
    of_installation = outcome["error"] in throttle.ERRORS
    words = f"{outcome['reason']}. {_ALL_QUEUED if of_installation else _QUEUED}"
    explained = cast("Outcome", {**outcome, "reason": words})
    if of_installation:
        return once(outcome["error"], partial(notify, scan_input, explained, workloads))
    return notify(scan_input, explained, workloads)


def _is_queued(outcome: Outcome) -> bool:
    """Whether the state machine keeps the request of this scan, if it has not died itself."""
    error = outcome.get("error", "")
    return outcome["verdict"] == "ERROR" and error not in _OWN and not error.startswith(_DIED)


def _completed(outcome: Outcome, notified: bool, *, is_known: bool = False) -> Completed:
    """`is_known`: the scan before ended in the same way, and what it said holds."""
    return Completed(
        verdict=outcome["verdict"],
        notified=notified,
        queued=_is_queued(outcome) and not is_known,
        error=outcome.get("error", ""),
        reason=outcome.get("reason", ""),
    )
