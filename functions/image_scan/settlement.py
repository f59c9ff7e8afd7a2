"""The end of an image's way: its owner is told first, then the verdict is recorded.

In this order an alert can be told twice after a crash, but never be lost behind a cache hit.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from image_scan import install_notices, log, metrics, notifications
from image_scan.errors import MalformedEvent
from image_scan.payloads import Lease, Outcome, Settled, SettleTask
from image_scan.scan_cache import is_bad, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.install_notices import InstallNotices
    from image_scan.payloads import Place
    from image_scan.scan_cache import ScanCache
    from image_scan.scan_slots import ScanSlots

    Tell = Callable[[SettleTask, Outcome, Mapping[str, Place]], None]

_STATUS_CHANGE = "Step Functions Execution Status Change"
_KEPT = (
    "This is not the image's fault: until it is mended, the other images that meet it are not told"
    " of one by one, but kept in the failed-events queue"
)
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
        error=f"execution {detail['status']}",
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
) -> Settled:
    """Tells who has to know and records the verdict; safe to repeat."""
    outcome = task["outcome"]
    outcome["reason"] = notifications.reason(outcome)
    lease = task["lease"]
    if lease is None:
        place, facts = place_of(task)
        tell(task, outcome, {place: facts})
        cache.note_told(task, outcome, ttl_seconds)
        if outcome["verdict"] == "UNSCANNABLE":
            metrics.count("Verdicts", Verdict="UNSCANNABLE")
        return _settled(outcome, notified=True)
    slots.give_back(lease["execution_name"])
    places = cache.places_of(lease)
    if places is None:
        log.info("already settled", verdict=outcome["verdict"])
        return _settled(outcome, notified=False)
    notified = is_bad(outcome) and _tell(task, outcome, places, notices, tell)
    waited = _record(lease, outcome, cache, ttl_seconds)
    late = {place: facts for place, facts in waited.items() if place not in places}
    if notified and late:
        tell(task, outcome, late)
    log.info("settled", verdict=outcome["verdict"], reason=outcome["reason"], notified=notified)
    metrics.count("Verdicts", Verdict=outcome["verdict"])
    return _settled(outcome, notified)


def _tell(
    task: SettleTask,
    outcome: Outcome,
    places: Mapping[str, Place],
    notices: InstallNotices,
    tell: Tell,
) -> bool:
    error = outcome.get("error", "")
    if error not in install_notices.ERRORS:
        tell(task, outcome, places)
        return True
    told = cast("Outcome", {**outcome, "reason": f"{outcome['reason']}. {_KEPT}"})
    return notices.once(error, lambda: tell(task, told, places))


def _record(
    lease: Lease, outcome: Outcome, cache: ScanCache, ttl_seconds: int
) -> Mapping[str, Place]:
    """A scan without a result leaves nothing behind: the next deployment scans again."""
    if outcome["verdict"] in _RECORDED:
        return cache.record(lease, outcome, ttl_seconds)
    return cache.free(lease)


def _settled(outcome: Outcome, notified: bool) -> Settled:
    error = outcome.get("error", "")
    return Settled(
        verdict=outcome["verdict"],
        notified=notified,
        # When in doubt, as after a crash, it is kept twice rather than not at all.
        kept=error in install_notices.ERRORS and not notified,
        error=error,
        reason=outcome.get("reason", ""),
    )
