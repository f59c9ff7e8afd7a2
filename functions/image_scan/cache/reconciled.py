"""What a reconciliation asks of an image that is known: to scan again what has failed, and to judge
findings again, for exceptions end, policies change, and notifications fail. Each once a run."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from image_scan.cache.table import ConditionFailedError
from image_scan.errors import ItemTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.cache.table import CacheTable
    from image_scan.contracts import ScanInput

_FIRST = "#status = :verdict AND (attribute_not_exists(judged_for) OR judged_for < :run)"


def may_scan_again(scan_input: ScanInput, item: Mapping[str, Any]) -> bool:
    """Whether a reconciliation has found the image running, and no scan has begun since then."""
    run = _run(scan_input)
    return run is not None and item.get("acquired_at", 0) < run


def may_judge_again(scan_input: ScanInput, item: Mapping[str, Any], table: CacheTable) -> bool:
    """Whether this is the first task of the image that a reconciliation has found running."""
    run = _run(scan_input)
    if run is None:
        return False
    try:
        values = {"verdict": item["status"], "run": run}
        table.update(item["imageDigest"], {"judged_for": run}, _FIRST, **values)
    except ConditionFailedError:
        return False
    except ItemTooLarge:
        pass  # at worst they are judged more than once
    return True


def _run(scan_input: ScanInput) -> int | None:
    """When the reconciliation began that has found this task, in epoch milliseconds."""
    state = scan_input.get("task")
    if not state or not state.get("reconciled"):
        return None
    return int(datetime.fromisoformat(scan_input["deployment"]["event_time"]).timestamp() * 1000)
