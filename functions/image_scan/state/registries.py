"""Which Qualys registry stands for an ECR registry, remembered for a day; and what its scans take.

Without a registry, the entry is also the lock under which a single execution creates it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, cast
from zlib import crc32

from image_scan import log
from image_scan.aws.dynamodb import Attr, Change, ConditionFailedError
from image_scan.errors import ScanError
from image_scan.state.keys import REGISTRIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from boto3.dynamodb.conditions import ConditionBase

    from image_scan.contracts import Image, Waited
    from image_scan.state.table import StateTable

_SECONDS = 86_400
_LOCK_SECONDS = 65  # a little longer than the function that creates can run
_UUID = Attr("registry_uuid")
_WAIT = Attr("first_wait")
# Seconds before the first check of a scan: at first, at least and at most.
_USUAL, _SHORTEST, _LONGEST = 60, 30, 300
# Up by so much after a scan that took longer, and down after one that did not.
_UP, _DOWN = 16, 4
# One in so many of the latter is learned from: by the key of their image.
_LEARNING = 4
# What was learned stays so long after the last look at Qualys.
_LEARNED_SECONDS = 30 * 86_400


class Remembered(NamedTuple):
    """`uuid` is empty where the registry is not known; `first_wait` is in seconds."""

    uuid: str
    first_wait: int


class RegistryCache:
    def __init__(self, table: StateTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def recall(self, account_id: str, region: str) -> Remembered:
        item = self._table.get(_key(account_id, region), consistent=False) or {}
        uuid = str(item.get("registry_uuid", "")) if item.get("until", 0) > self._clock() else ""
        wait = item.get("first_wait")
        usable = wait if isinstance(wait, int) else _USUAL
        return Remembered(uuid, min(max(usable, _SHORTEST), _LONGEST))

    def remember(self, account_id: str, region: str, uuid: str) -> None:
        self._write(account_id, region, uuid, _SECONDS, self._is_absent() | _UUID.eq(""))

    def lock(self, account_id: str, region: str) -> bool:
        """Takes the right to create the registry; False while another has it, or has done it."""
        return self._write(account_id, region, "", _LOCK_SECONDS, self._is_absent())

    def forget(self, account_id: str, region: str) -> None:
        self._table.delete(_key(account_id, region))

    def learn(self, image: Image, waited: Waited, scanned_at: int) -> None:
        """Moves the first wait a step towards what a scan took. Nothing depends on it.

        Qualys says when it has scanned, but shows that later: a scan that was not complete at its
        first check took longer than that, whatever the times say. The wait moves only while it is
        on the other side of what the scan took, whoever else has moved it meanwhile."""
        first, took = waited["first_wait"], (scanned_at - waited["submitted_at"]) // 1000 + 1
        if waited["checks"] > 1:
            below = min(max(took, first + 1), _LONGEST - _UP + 1)
            step, condition = _UP, cast("ConditionBase", _WAIT.lt(below))
        elif crc32(image["key"].encode()) % _LEARNING:
            return
        else:
            step, condition = -_DOWN, _WAIT.gte(max(min(took, first), _SHORTEST + _DOWN))
        key, change = _key(image["account_id"], image["region"]), Change(added={"first_wait": step})
        try:
            self._table.change(key, change, condition)
        except ConditionFailedError:
            return
        except ScanError as error:
            log.warning("first wait not learned", error=type(error).__name__)

    def _is_absent(self) -> ConditionBase:
        return _UUID.not_exists() | Attr("until").lte(int(self._clock()))

    def _write(
        self, account_id: str, region: str, uuid: str, seconds: int, condition: ConditionBase
    ) -> bool:
        now = int(self._clock())
        entry = {"registry_uuid": uuid, "until": now + seconds, "ttl": now + _LEARNED_SECONDS}
        change = Change(entry, first={"first_wait": _USUAL})
        try:
            self._table.change(_key(account_id, region), change, condition)
        except ConditionFailedError:
            return False
        return True


def _key(account_id: str, region: str) -> str:
    return f"{REGISTRIES}{account_id}#{region}"
