"""Which Qualys registry stands for an ECR registry, remembered for a day.

Without one, the entry is also the lock under which a single execution creates it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from image_scan.aws.dynamodb import Attr, ConditionFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from boto3.dynamodb.conditions import ConditionBase

    from image_scan.cache.table import CacheTable

_SECONDS = 86_400
_LOCK_SECONDS = 65  # a little longer than the function that creates can run
_UUID = Attr("registry_uuid")


class RegistryCache:
    def __init__(self, table: CacheTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def recall(self, account_id: str, region: str) -> str:
        """The registry's UUID, or empty."""
        item = self._table.get(_key(account_id, region)) or {}
        return str(item.get("registry_uuid", "")) if item.get("ttl", 0) > self._clock() else ""

    def remember(self, account_id: str, region: str, uuid: str) -> bool:
        """Whether it was this call that made it known, and not another's a moment before."""
        item = self._item(account_id, region, uuid, _SECONDS)
        try:
            self._table.put(item, self._is_absent() | _UUID.eq(""))
        except ConditionFailedError:
            return False
        return True

    def lock(self, account_id: str, region: str) -> bool:
        """Takes the right to create the registry; False while another has it, or has done it."""
        item = self._item(account_id, region, "", _LOCK_SECONDS)
        try:
            self._table.put(item, self._is_absent())
        except ConditionFailedError:
            return False
        return True

    def forget(self, account_id: str, region: str) -> None:
        self._table.delete(_key(account_id, region))

    def _is_absent(self) -> ConditionBase:
        return _UUID.not_exists() | Attr("ttl").lte(int(self._clock()))

    def _item(self, account_id: str, region: str, uuid: str, seconds: int) -> dict[str, Any]:
        key, ttl = _key(account_id, region), int(self._clock()) + seconds
        return {"imageDigest": key, "registry_uuid": uuid, "ttl": ttl}


def _key(account_id: str, region: str) -> str:
    return f"registry#{account_id}#{region}"
