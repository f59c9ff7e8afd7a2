"""Which Qualys registry stands for an ECR registry, remembered for a day."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_scan.cache_table import CacheTable

_SECONDS = 86_400


class RegistryMemo:
    def __init__(self, table: CacheTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def recall(self, account_id: str, region: str) -> str:
        """The registry's UUID, or empty."""
        item = self._table.get(_key(account_id, region))
        return str(item["registry_uuid"]) if item and item["ttl"] > self._clock() else ""

    def remember(self, account_id: str, region: str, uuid: str) -> None:
        ttl = int(self._clock()) + _SECONDS
        key = _key(account_id, region)
        self._table.put({"imageDigest": key, "registry_uuid": uuid, "ttl": ttl})

    def forget(self, account_id: str, region: str) -> None:
        self._table.delete(_key(account_id, region))


def _key(account_id: str, region: str) -> str:
    return f"registry#{account_id}#{region}"
