"""Images that count as running although no task of them runs at this minute, as those of a
schedule. They are judged again like those that run."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

from image_scan.cache.entries import RESULTS, as_now
from image_scan.contracts import Deployment, ScanInput
from image_scan.ecr import digests, identity, references
from image_scan.inventory.coverage import Running
from image_scan.inventory.current import current
from image_scan.inventory.workloads import facts_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from image_scan.cache.table import CacheTable
    from image_scan.inventory.table import InventoryTable

Row = dict[str, Any]
_DEPLOYMENT = tuple(Deployment.__annotations__)
_MORE = (*(name for name in _DEPLOYMENT if name != "event_time"), "uri", "containers", "has_run")


def recent(
    rows: InventoryTable, cache: CacheTable, known: Collection[str], now: float
) -> dict[str, Running]:
    """Returns images with a result that are not `known`, by key. Raises AwsUnavailable or
    AwsRejected."""
    found: dict[str, Running] = {}
    entry_of = functools.cache(cache.get)
    for row in current(rows.index(_MORE), now):
        key = row["digest"]
        if key in known or key in found:
            continue
        entry = as_now(entry_of(key) or {}, now)
        if entry.get("status") in RESULTS and (task := _task(row)):
            found[key] = Running(task, {}, entry)
    return found


def _task(row: Row) -> ScanInput | None:
    """Returns what a workload has run as one of its tasks would name it; None where its key is not
    a digest."""
    digest, _, _ = row["digest"].partition("#")
    named = references.pinned(references.parse(row["uri"]), digest)
    if isinstance(named, references.Unscannable) or not digest.startswith("sha256:"):
        return None
    platform = identity.platform_of(row["digest"])
    (image,) = digests.as_seen([(row["containers"][0], named)], platform)
    image["containers"] = row["containers"]
    facts = facts_of(row)
    deployment = cast("Deployment", {name: facts[name] for name in _DEPLOYMENT})  # type: ignore[literal-required]
    return ScanInput(event_id=facts["event_id"], deployment=deployment, image=image)
