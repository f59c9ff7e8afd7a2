"""Running images that are scanned again, although their verdict is valid. Pure."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from image_scan.inventory.coverage import Running

Json = dict[str, Any]


def due(
    fresh: Mapping[str, Running], assessed: Mapping[str, int], seconds: int, now: float
) -> Iterator[Json]:
    """Yields an event for each image of which neither a scan nor Qualys' assessment (epoch
    milliseconds) is newer than `seconds`. An image that only its tag names is not among them: its
    verdict is valid for an hour."""
    oldest = int((now - seconds) * 1000)
    for key, running in fresh.items():
        entry = running.entry
        times = entry.get("scanned_at", 0), entry.get("assessed_at", 0), assessed.get(key, 0)
        if max(times) <= oldest and key.startswith("sha256:"):
            # The same task may be sent for another reason, too.
            name = uuid.uuid5(uuid.NAMESPACE_URL, f"{running.event['id']} {key}")
            rescan = {key: entry["acquired_at"]}
            yield {**running.event, "id": str(name), "rescan": rescan}
