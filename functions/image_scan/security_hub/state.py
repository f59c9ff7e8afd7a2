"""Stores which findings an image may have at Security Hub, and the verdict that they belong to.

Security Hub deletes a finding 90 days after its last update. The entry expires a little later:
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from image_scan.aws.dynamodb import Attr, ConditionFailedError
from image_scan.state import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.state.table import StateTable

_SECONDS = 95 * 86_400


@dataclass(frozen=True)
class Known:
    """`levels` are the severity levels that may be active, with the time their finding was created.

    They belong to the verdict of the scan at `scanned_at`, announced at `announced_at`, in epoch
    milliseconds. Of two verdicts, the later scan counts, then the later announcement.
    """

    scanned_at: int = 0
    announced_at: int = 0
    levels: Mapping[str, str] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, int]:
        return self.scanned_at, self.announced_at


class SecurityHubState:
    """Every method raises AwsUnavailable or AwsRejected when the table does not answer."""

    def __init__(self, table: StateTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def recall(self, account_id: str, image: str) -> Known:
        item = self._table.get(_key(account_id, image)) or {}
        if not {"scanned_at", "announced_at", "levels"} <= item.keys():
            return Known()
        return Known(item["scanned_at"], item["announced_at"], item["levels"])

    def replace(self, account_id: str, image: str, seen: Known, by: Known) -> bool:
        """Replaces the entry `seen`. Returns False if another import has replaced it meanwhile."""
        item = {
            "key": _key(account_id, image),
            "scanned_at": by.scanned_at,
            "announced_at": by.announced_at,
            "levels": dict(by.levels),
            "ttl": int(self._clock()) + _SECONDS,
        }
        announced, scanned = Attr("announced_at"), Attr("scanned_at")
        same = announced.eq(seen.announced_at) & scanned.eq(seen.scanned_at)
        try:
            self._table.put(item, announced.not_exists() | same)
        except ConditionFailedError:
            return False
        return True


def _key(account_id: str, image: str) -> str:
    return f"{keys.SECURITY_HUB}{account_id}#{keys.hashed(image)}"
