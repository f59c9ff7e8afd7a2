"""Stores scans without a result of images that nothing runs: the daily digest reports them.

One item of the state table. `images`: hash of an image's key -> what the digest shows of it.
`of_<account>` counts those that an account has registered, which are a quarter of all at most.
`unlisted` counts those for which there was no room.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from image_scan.aws.dynamodb import Attr, Change, ConditionFailedError
from image_scan.errors import AwsUnavailable
from image_scan.fair import in_turn
from image_scan.state.keys import REGISTERED, hashed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from image_scan.state.table import StateTable

Json = dict[str, Any]
_KEY = f"{REGISTERED}failures"
_IMAGES = Attr("images")
_MOST, _SHARE = 100, 25  # images, of an account; DynamoDB takes 400 KB
_LONGEST, _MOST_WORKLOADS = 300, 5  # characters of a reason, and workloads, of each image
_SECONDS = 7 * 86_400


class RegisteredFailures:
    """Every method raises AwsUnavailable or AwsRejected."""

    def __init__(self, table: StateTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def add(self, key: str, uri: str, reason: str, workloads: Collection[str]) -> None:
        """Stores a failure, by the key of its image. A later one of the same image adds workloads.
        Of several accounts that wait for the image, it is of the first one that has room. To repeat
        this counts again what has no room."""
        name, until = hashed(key), int(self._clock()) + _SECONDS
        image = {"uri": uri, "reason": reason[:_LONGEST], "workloads": _shown(workloads)}
        changes, known = {f"images.{name}": image, "ttl": until}, Attr(f"images.{name}").exists()
        accounts = sorted({f"of_{each.partition('#')[0]}" for each in workloads})
        for _ in range(2 + len(accounts)):
            share, room = Attr(accounts[0]), _IMAGES.exists() & _IMAGES.size().lt(_MOST)
            room &= share.not_exists() | share.lt(_SHARE)
            try:
                self._table.change(_KEY, Change(changes, added={accounts[0]: 1}), room & ~known)
            except ConditionFailedError as failed:
                item = failed.item
            else:
                return
            with suppress(ConditionFailedError):  # another failure, or a digest, was quicker
                if "images" not in item:
                    self._begin(_IMAGES.not_exists())
                elif name in item["images"]:
                    before = item["images"][name]
                    more = {**before, "workloads": _shown({*before["workloads"], *workloads})}
                    same = Attr(f"images.{name}").eq(before)
                    self._table.change(_KEY, Change({**changes, f"images.{name}": more}), same)
                    return
                elif len(item["images"]) < _MOST and len(accounts) > 1:
                    accounts.pop(0)  # has its share
                else:
                    self._table.change(_KEY, Change(added={"unlisted": 1}), _IMAGES.exists())
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


def _shown(workloads: Iterable[str]) -> list[str]:
    """Returns as many workloads as there is room for. Accounts take turns."""
    named = ((each, each.partition("#")[0]) for each in sorted(workloads))
    return in_turn(named)[:_MOST_WORKLOADS]
