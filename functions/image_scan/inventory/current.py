"""Which rows say what a workload runs: also one that has no task at this minute. Pure.

A scheduled task runs for ten minutes a day, and a service may have no tasks at night. What such a
workload has run last is there until another version of the same container runs.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from image_scan.cache.standing import ACTIVE, is_watched
from image_scan.inventory.earlier import has_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Row = dict[str, Any]
# What starts once a day has always run within this time.
_SECONDS = 2 * 86_400


def current(rows: Iterable[Row], now: float) -> list[Row]:
    """Selects from all rows what runs or was deployed to, and what has stopped within two days and
    was not replaced since; in scope."""
    by_workload: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_workload[row["workload"]].append(row)
    return [
        row
        for versions in by_workload.values()
        for row in versions
        if is_watched(row) or (_is_recent(row, now) and not _is_replaced(row, versions))
    ]


def is_forgotten(row: Mapping[str, Any]) -> bool:
    """Whether a row was closed because its account has left, and nothing was seen since."""
    seen = max(int(row.get(name, 0)) for name in ("last_seen", "stopped_at"))
    return row.get("state") == "stopped" and seen <= int(row.get("forgotten", -1))


def _is_recent(row: Mapping[str, Any], now: float) -> bool:
    is_over = row.get("state") == "stopped" and has_run(row) and "out_of_scope" not in row
    is_over = is_over and not is_forgotten(row)
    return is_over and int(row.get("stopped_at", 0)) > now - _SECONDS


def _is_replaced(row: Mapping[str, Any], versions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether another version of the same container runs, has run later, or was deployed later."""
    containers = {*row.get("containers", ())}
    return any(
        each.get("state") == "running"
        or (each["last_seen"] > row["last_seen"] and (has_run(each) or each["state"] in ACTIVE))
        for each in versions
        if each["digest"] != row["digest"] and containers & {*each.get("containers", ())}
    )
