"""What a row of the inventory says of its workload, as the cache asks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.findings import encoding

if TYPE_CHECKING:
    from collections.abc import Mapping


def starts_again(row: Mapping[str, Any]) -> bool:
    """Whether a workload has run an image, and no task of it runs now: the next one starts it
    again."""
    state = row.get("state")
    return state == "stopped" or (state == "deployed" and bool(row.get("has_run")))


def is_claimed(row: Mapping[str, Any], event_id: str, number: int, now: float) -> bool:
    """Whether another event is about to notify a workload of the scan `number`, or a later one."""
    is_other = row.get("claimed_by", "") not in ("", event_id)
    return is_other and row["claimed_of"] >= number and row["claimed_until"] > now


def has_open_record(row: Mapping[str, Any]) -> bool:
    """Whether a workload was notified of something that is there since, as far as is recorded."""
    is_open = "notified_detected" in row  # malware or secrets
    return "notified" in row and (is_open or encoding.unpack(row["notified"]) != [])
