"""Stores scans without a result of images that nothing runs: the daily digest reports them.

One item of the state table. `images`: hash of an image's key -> what the digest shows of it.
`unlisted` counts those for which the item had no room.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from image_scan.aws.dynamodb import Attr, Change, ConditionFailedError
from image_scan.errors import AwsUnavailable
from image_scan.state.keys import REGISTERED, hashed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from image_scan.state.table import StateTable

Json = dict[str, Any]
_KEY = f"{REGISTERED}failures"
_IMAGES = Attr("images")
_MOST = 100  # images; DynamoDB takes 400 KB
_LONGEST, _MOST_WORKLOADS = 300, 5  # characters of a reason, and workloads, of each image
_SECONDS = 7 * 86_400


class RegisteredFailures:
    """Every method raises AwsUnavailable or AwsRejected."""

    def __init__(self, table: StateTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def add(self, key: str, uri: str, reason: str, workloads: Iterable[str]) -> None:
        """Stores a failure, by the key of its image. Safe to repeat."""
        name, until = hashed(key), int(self._clock()) + _SECONDS
        image = {
            "uri": uri,
            "reason": reason[:_LONGEST],
            "workloads": sorted(workloads)[:_MOST_WORKLOADS],
        }
        room = _IMAGES.size().lt(_MOST) | Attr(f"images.{name}").exists()
        for _ in range(2):
            try:
                changes = {f"images.{name}": image, "ttl": until}
                self._table.update(_KEY, changes, _IMAGES.exists() & room)
            except ConditionFailedError as failed:
                if "images" in failed.item:
                    self._table.change(_KEY, Change(added={"unlisted": 1}), _IMAGES.exists())
                    return
                with suppress(ConditionFailedError):  # another failure was quicker
                    self._begin(_IMAGES.not_exists())
            else:
                return
        raise AwsUnavailable("the failures of registered images changed each time they were read")

    def read(self) -> Json:
        """Returns `images` and `unlisted`."""
        item = self._table.get(_KEY) or {}
        return {"images": item.get("images", {}), "unlisted": item.get("unlisted", 0)}

    def forget(self, reported: Json) -> None:
        """Begins again, unless a failure came after what was reported: then all are reported
        again."""
        if not reported["images"]:
            return
        same = Attr("unlisted").not_exists() | Attr("unlisted").eq(reported["unlisted"])
        with suppress(ConditionFailedError):
            self._begin(_IMAGES.eq(reported["images"]) & same)

    def _begin(self, condition: Any) -> None:
        until = int(self._clock()) + _SECONDS
        self._table.put({"key": _KEY, "images": {}, "ttl": until}, condition)
