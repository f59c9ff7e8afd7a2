"""Running images that are scanned again, although their verdict is valid. Pure."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from image_scan.cache.entries import valid_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from image_scan.inventory.coverage import Running

Json = dict[str, Any]
_HALF_A_DAY = 43_200
# The next reconciliation comes a day later, within the minute that the scheduler has.
_NEXT = 86_400 - 60


def due(
    fresh: Mapping[str, Running], assessed: Mapping[str, int], seconds: int | None, now: float
) -> Iterator[Json]:
    """Yields an event for each image that is `expiring`, and if `seconds` are given, for each of
    which neither a scan nor Qualys' assessment (epoch milliseconds) is newer. Half a day more or
    less does not count: a scan ends some time after the reconciliation that has begun it."""
    oldest = int((now - seconds + _HALF_A_DAY) * 1000) if seconds else -1
    for key, running in _known_by_digest(fresh).items():
        entry = running.entry
        times = entry.get("scanned_at", 0), entry.get("assessed_at", 0), assessed.get(key, 0)
        if max(times) <= oldest or _is_expiring(entry, now):
            # The same task may be sent for another reason, too.
            name = uuid.uuid5(uuid.NAMESPACE_URL, f"{running.event['id']} {key}")
            rescan = {key: entry["acquired_at"]}
            yield {**running.event, "id": str(name), "rescan": rescan}


def expiring(fresh: Mapping[str, Running], now: float) -> set[str]:
    """Returns the images whose verdict runs out before the next reconciliation: it would find them
    without one."""
    found = _known_by_digest(fresh)
    return {key for key, running in found.items() if _is_expiring(running.entry, now)}


def _known_by_digest(fresh: Mapping[str, Running]) -> dict[str, Running]:
    """Leaves out images that only their tag names: their verdict is valid for an hour."""
    return {key: running for key, running in fresh.items() if key.startswith("sha256:")}


def _is_expiring(entry: Mapping[str, Any], now: float) -> bool:
    # A verdict that is valid for a day must not be renewed by each reconciliation on demand.
    is_new = entry["acquired_at"] > (now - _HALF_A_DAY) * 1000
    return valid_until(entry) <= now + _NEXT and not is_new
