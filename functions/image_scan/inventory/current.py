"""Which rows say what a workload runs: also one that has no task at this minute. Pure.

A scheduled task runs for ten minutes a day, and a service may have no tasks at night. What such a
workload has run last is there until another version of the same container runs.
"""

from __future__ import annotations

from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from image_scan.cache.standing import ACTIVE, is_watched
from image_scan.inventory.earlier import has_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Each = TypeVar("Each", bound=Mapping[str, Any])
Row = dict[str, Any]
Container = tuple[str, str]  # workload, name
Times = defaultdict[Container, float]
# What starts once a day has always run within this time.
_SECONDS = 2 * 86_400


def current(rows: Iterable[Row], now: float) -> list[Row]:
    """Selects from all rows what runs or was deployed to, and what has stopped within two days and
    was not replaced since; in scope."""
    return [row for row in latest(rows) if is_watched(row) or _is_recent(row, now)]


def latest(rows: Iterable[Each]) -> list[Each]:
    """Selects from all rows what runs or was deployed to, and what has stopped, however long ago,
    and was not replaced: no other version has run later, or was deployed after its last start."""
    rows = list(rows)
    ran, called = _newest(rows)
    return [row for row in rows if row.get("state") in ACTIVE or _is_last(row, ran, called)]


def is_forgotten(row: Mapping[str, Any]) -> bool:
    """Whether a row was closed because its account has left, and nothing was seen since."""
    seen = max(int(row.get(name, 0)) for name in ("last_seen", "stopped_at"))
    return row.get("state") == "stopped" and seen <= int(row.get("forgotten", -1))


def _is_recent(row: Mapping[str, Any], now: float) -> bool:
    is_over = row.get("state") == "stopped" and "out_of_scope" not in row
    is_over = is_over and not is_forgotten(row)
    return is_over and int(row.get("stopped_at", 0)) > now - _SECONDS


def _is_last(row: Mapping[str, Any], ran: Times, called: Times) -> bool:
    """Whether no other version was seen later."""
    if not has_run(row):
        return False
    seen, ended = row["last_seen"], _ended(row)
    return all(ran[each] <= ended and called[each] <= seen for each in _of(row))


def _newest(rows: Iterable[Mapping[str, Any]]) -> tuple[Times, Times]:
    """Returns when each container has last run with any version, endless where one runs, and when
    it was last deployed with one that has not started since."""
    ran, called = Times(float), Times(float)
    for row in rows:
        for each in _of(row):
            if row.get("state") == "deployed":
                called[each] = max(called[each], row["last_seen"])
            elif has_run(row):
                ran[each] = max(ran[each], _ended(row))
    return ran, called


def _ended(row: Mapping[str, Any]) -> float:
    """Returns when a version that has run did so last."""
    if row.get("state") == "running":
        return inf
    return float(row["stopped_at"] if "stopped_at" in row else row["last_seen"])


def _of(row: Mapping[str, Any]) -> list[Container]:
    return [(row["workload"], name) for name in row.get("containers", ())]
