"""Which rows say what a workload runs: also one that has no task at this minute. Pure.

A scheduled task runs for ten minutes a day, and a service may have no tasks at night. What such a
workload has run last is there until another version of the same container runs.
"""

from __future__ import annotations

from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING, Any

from image_scan.cache.standing import ACTIVE, is_watched
from image_scan.inventory.earlier import has_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Row = dict[str, Any]
Container = tuple[str, str]  # workload, name
# What starts once a day has always run within this time.
_SECONDS = 2 * 86_400


def current(rows: Iterable[Row], now: float) -> list[Row]:
    """Selects from all rows what runs or was deployed to, and what has stopped within two days and
    was not replaced since; in scope."""
    rows = list(rows)
    newest = _newest(rows)
    return [
        row
        for row in rows
        if is_watched(row)
        or (_is_recent(row, now) and all(newest[each] <= row["last_seen"] for each in _of(row)))
    ]


def is_forgotten(row: Mapping[str, Any]) -> bool:
    """Whether a row was closed because its account has left, and nothing was seen since."""
    seen = max(int(row.get(name, 0)) for name in ("last_seen", "stopped_at"))
    return row.get("state") == "stopped" and seen <= int(row.get("forgotten", -1))


def _is_recent(row: Mapping[str, Any], now: float) -> bool:
    is_over = row.get("state") == "stopped" and has_run(row) and "out_of_scope" not in row
    is_over = is_over and not is_forgotten(row)
    return is_over and int(row.get("stopped_at", 0)) > now - _SECONDS


def _newest(rows: Iterable[Row]) -> dict[Container, float]:
    """Returns when each container was last seen with a version that has run, or was deployed;
    endless where one runs."""
    newest: defaultdict[Container, float] = defaultdict(float)
    for row in rows:
        is_running = row.get("state") == "running"
        if has_run(row) or row.get("state") in ACTIVE:
            for each in _of(row):
                newest[each] = max(newest[each], inf if is_running else row["last_seen"])
    return newest


def _of(row: Row) -> list[Container]:
    return [(row["workload"], name) for name in row.get("containers", ())]
