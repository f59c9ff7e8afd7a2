"""Images that count as running although no task of them runs at this minute, as those of a
schedule. They are judged again like those that run."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from image_scan import log
from image_scan.cache.entries import RESULTS, as_now, brief
from image_scan.contracts import Deployment, ScanInput
from image_scan.ecr import digests, identity, references
from image_scan.inventory.coverage import Running
from image_scan.inventory.current import current
from image_scan.inventory.earlier import has_run
from image_scan.inventory.workloads import facts_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from image_scan.cache.table import CacheTable
    from image_scan.inventory.shares import TimeShares
    from image_scan.inventory.table import InventoryTable

Row = dict[str, Any]
_DEPLOYMENT = tuple(Deployment.__annotations__)
# Of the time that there is for the accounts.
_PART = 1 / 12
# Images of an account that were deployed, and of which nothing is known to have run.
_MOST_IDLE = 100
_MORE = (*(name for name in _DEPLOYMENT if name != "event_time"), "uri", "containers", "has_run")


def recent(
    rows: InventoryTable,
    cache: CacheTable,
    known: Collection[str],
    now: float,
    shares: TimeShares,
) -> dict[str, Running]:
    """Returns images with a result that are not `known`, by key. Each account has a share of the
    time; what that leaves out is looked up another day. Raises AwsUnavailable or AwsRejected."""
    found: dict[str, Running] = {}
    # A row that is not whole must not end the reconciliation of all.
    whole = [row for row in current(rows.index(_MORE), now) if "account" in row]
    listed = [row for row in whole if row["digest"] not in known]
    allowance = shares.allowance(len({row["account"] for row in listed}), _PART)
    asked, idle, left = set[str](), Counter[str](), 0
    for row in sorted(listed, key=lambda row: (_is_idle(row), _turn(row, now))):
        key, account = row["digest"], row["account"]
        if key in asked:
            continue
        idle[account] += _is_idle(row)
        if idle[account] > _MOST_IDLE or not allowance.use(
            account, partial(_look, row, cache, now, found)
        ):
            left += 1
        else:
            asked.add(key)
    log.info("images without a task", asked=len(asked), found=len(found), left=left)
    return found


def _look(row: Row, cache: CacheTable, now: float, found: dict[str, Running]) -> None:
    entry = brief(as_now(cache.get(row["digest"]) or {}, now))
    if entry.get("status") in RESULTS and (task := _task(row)):
        found[row["digest"]] = Running(task, {}, entry)


def _is_idle(row: Row) -> bool:
    """Whether no task of the workload has run the image, and nobody was notified of it."""
    return not has_run(row) and not row.get("notified_of")


def _turn(row: Row, now: float) -> str:
    """Orders images in another way each day."""
    return hashlib.sha256(f"{now} {row['digest']}".encode()).hexdigest()


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
