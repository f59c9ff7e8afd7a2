"""Leases and verdicts: one image is scanned once, whoever deploys it.

An item of the table is a lease (`IN_PROGRESS`) or a verdict; either counts until its `ttl`.
DynamoDB removes expired items late, so every condition compares the time itself. The item also
collects the places that deploy the image: all of them are told of its verdict, each of them once.
"""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING, Any, cast

from image_scan import ecs_events
from image_scan.cache_table import CacheTable, ConditionFailedError
from image_scan.errors import AwsUnavailable
from image_scan.payloads import CacheDecision, ImageTask, Lease, Outcome, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_IN_PROGRESS = "IN_PROGRESS"
_ABSENT = "attribute_not_exists(imageDigest) OR #ttl <= :now"
_HELD = "#owner = :owner AND #status = :in_progress"
_RESULT = tuple(name for name in Outcome.__annotations__ if name != "verdict")
_SHOWN = ("uri", "account_id", "region", "repository", "tag", "digest")
# An ECR image that is known only by account, region, repository and tag may be another one soon.
_TAG_ONLY_SECONDS = 3600
# A result that Qualys did not renew: it may still be about to.
_NOT_FRESH_SECONDS = 86_400
_SKIP = CacheDecision(decision="skip", lease=None, outcome=None)


def place_of(task: ImageTask) -> tuple[str, Place]:
    """Where a deployment runs an image: its id, and the facts that a notification gives."""
    deployment = task["deployment"]
    workload = deployment["service"] or ecs_events.family(deployment["task_definition"])
    place = (deployment["account"], deployment["region"], deployment["cluster"], workload)
    return "#".join(place), Place(**deployment, containers=task["image"]["containers"])


def is_bad(outcome: Outcome) -> bool:
    """Whether the owner is to hear of it: critical or high findings, or no result at all."""
    counts = outcome.get("counts")
    return counts is None or counts["critical"] > 0 or counts["high"] > 0


class ScanCache:
    """Every method raises AwsUnavailable or AwsRejected: trouble is neither a hit nor a miss."""

    def __init__(self, table: CacheTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def decide(self, task: ImageTask, lease_seconds: int) -> CacheDecision:
        """Takes the lease of an image that nobody knows, else says what is to be done with it."""
        if task["image"]["unscannable"]:
            return self._decide_unscannable(task)
        for _ in range(3):
            lease = self._lease(task, self._now())
            item = self._claim(task, lease, lease_seconds)
            if item is None:
                return CacheDecision(decision="scan", lease=lease, outcome=None)
            if item["status"] != _IN_PROGRESS:
                return _known(task, item)
            if item["owner"] == lease["owner"]:
                # This very delivery, tried again: the lease is the one it took before.
                lease = self._lease(task, item["acquired_at"])
                return CacheDecision(decision="scan", lease=lease, outcome=None)
            if _only_registers(task) or self._join(task, item["owner"]):
                return _SKIP
        raise AwsUnavailable("the image's item changed each time it was read")

    def places_of(self, lease: Lease) -> dict[str, Place] | None:
        """The places that wait for a lease; None when it is no longer held: they were told."""
        item = self._table.get(lease["key"]) or {}
        held = item.get("status") == _IN_PROGRESS and item["owner"] == lease["owner"]
        return item["places"] if held else None

    def record(self, lease: Lease, outcome: Outcome, ttl_seconds: int) -> dict[str, Place]:
        """Turns a lease into its verdict; returns the places that waited for it."""
        changes = {
            "status": outcome["verdict"],
            "ttl": self._verdict_end(lease["key"], _kept(outcome, ttl_seconds)),
            **{name: value for name, value in outcome.items() if name in _RESULT},
        }
        try:
            item = self._table.update(lease["key"], changes, _HELD, **_holder(lease))
        except ConditionFailedError:
            return {}
        return cast("dict[str, Place]", item["places"])

    def free(self, lease: Lease) -> dict[str, Place]:
        """Gives a lease back without a verdict; returns the places that waited for it."""
        try:
            item = self._table.delete(lease["key"], _HELD, **_holder(lease))
        except ConditionFailedError:
            return {}
        return cast("dict[str, Place]", item["places"])

    def note_told(self, task: ImageTask, outcome: Outcome, ttl_seconds: int) -> None:
        """Notes that a place has heard of a known verdict, or of an unscannable image."""
        place, facts = place_of(task)
        key = task["image"]["key"]
        try:
            if outcome["verdict"] == "UNSCANNABLE":
                item = {
                    **_identity(task),
                    "status": "UNSCANNABLE",
                    "ttl": self._verdict_end(key, ttl_seconds),
                    "places": {place: facts},
                    "reason": outcome.get("reason", ""),
                }
                self._table.put(item, _ABSENT, now=self._now())
            else:
                changes = {f"places.{place}": facts}
                verdict = outcome["verdict"]
                self._table.update(key, changes, "#status = :verdict", verdict=verdict)
        except ConditionFailedError:
            return  # the item has moved on; at worst the place is told once more

    def _decide_unscannable(self, task: ImageTask) -> CacheDecision:
        item = self._table.get(task["image"]["key"])
        if item and item["ttl"] > self._now():
            return _known(task, item)
        if _only_registers(task):
            return _SKIP  # a pipeline may register before it pushes
        outcome = Outcome(verdict="UNSCANNABLE", reason=task["image"]["unscannable"])
        return CacheDecision(decision="notify", lease=None, outcome=outcome)

    def _claim(self, task: ImageTask, lease: Lease, seconds: int) -> dict[str, Any] | None:
        """Takes the lease; returns the item that stands in the way, or None on success."""
        place, facts = place_of(task)
        item = {
            **_identity(task),
            "status": _IN_PROGRESS,
            "owner": lease["owner"],
            "acquired_at": lease["acquired_at"],
            "ttl": lease["acquired_at"] + seconds,
            "places": {place: facts},
        }
        # An image that could not be scanned before (no tag, say) may be scannable now.
        free = f"{_ABSENT} OR #status = :unscannable"
        values = {"now": self._now(), "unscannable": "UNSCANNABLE"}
        if task.get("force"):
            # Past a verdict, but not past a running scan, nor twice for the same request.
            free += " OR (#status <> :in_progress AND #owner <> :owner)"
            values |= {"in_progress": _IN_PROGRESS, "owner": lease["owner"]}
            item["places"] = {**self._places(lease["key"]), place: facts}
        try:
            self._table.put(item, free, **values)
        except ConditionFailedError as failed:
            return failed.item
        return None

    def _places(self, key: str) -> dict[str, Place]:
        """Who has been told of a verdict, and is to hear of the next one."""
        return cast("dict[str, Place]", (self._table.get(key) or {}).get("places", {}))

    def _join(self, task: ImageTask, owner: str) -> bool:
        """Adds a place to somebody else's running scan; False when that scan has just ended."""
        place, facts = place_of(task)
        holder = {"owner": owner, "in_progress": _IN_PROGRESS}
        try:
            self._table.update(task["image"]["key"], {f"places.{place}": facts}, _HELD, **holder)
        except ConditionFailedError:
            return False
        return True

    def _lease(self, task: ImageTask, acquired_at: int) -> Lease:
        key = task["image"]["key"]
        owner = hashlib.sha256(f"{task['event_id']} {key}".encode()).hexdigest()[:16]
        repository = re.sub(r"[^a-z0-9]+", "-", task["image"]["repository"])[-30:].strip("-")
        short = key if key.startswith("sha256:") else hashlib.sha256(key.encode()).hexdigest()
        image = short.removeprefix("sha256:")[:12]
        name = f"{repository}-{image}-{owner}-{acquired_at}"
        return Lease(key=key, owner=owner, acquired_at=acquired_at, execution_name=name)

    def _verdict_end(self, key: str, ttl_seconds: int) -> int:
        by_tag = re.match(r"[0-9]{12}/", key)
        return self._now() + (min(ttl_seconds, _TAG_ONLY_SECONDS) if by_tag else ttl_seconds)

    def _now(self) -> int:
        return int(self._clock())


def _known(task: ImageTask, item: Mapping[str, Any]) -> CacheDecision:
    """A bad verdict is told to a place that has not heard of it."""
    result = {name: item[name] for name in _RESULT if name in item}
    outcome = cast("Outcome", {"verdict": item["status"], **result})
    told = _only_registers(task) or place_of(task)[0] in item["places"]
    if item["status"] == "FINDINGS" and is_bad(outcome) and not told:
        return CacheDecision(decision="notify", lease=None, outcome=outcome)
    return _SKIP


def _kept(outcome: Outcome, ttl_seconds: int) -> int:
    return ttl_seconds if outcome.get("fresh", True) else min(ttl_seconds, _NOT_FRESH_SECONDS)


def _only_registers(task: ImageTask) -> bool:
    """A registered task definition runs nowhere yet: its new images are scanned, no more."""
    return task["deployment"]["event_name"] == "RegisterTaskDefinition"


def _identity(task: ImageTask) -> dict[str, Any]:
    image = cast("dict[str, Any]", task["image"])
    return {"imageDigest": image["key"], **{name: image[name] for name in _SHOWN}}


def _holder(lease: Lease) -> dict[str, str]:
    return {"owner": lease["owner"], "in_progress": _IN_PROGRESS}
