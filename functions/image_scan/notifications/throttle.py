"""Reports errors of the whole installation once an hour, instead of once for each image."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from image_scan.aws.dynamodb import Attr, ConditionFailedError
from image_scan.state.keys import NOTICES

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_scan.state.table import StateTable

# Errors that are not the image's. The credential is invalid; Qualys is down; the connection to it
# is refused or not trusted; the scan limit is too low; or the sensor lacks a required examination.
ERRORS = frozenset(
    {
        "QualysUnauthorized",
        "QualysUntrusted",
        "ProxyUnauthorized",
        "ConfigurationError",
        "QualysUnavailable",
        "QualysThrottled",
        "ScansAtLimit",
        "NotExamined",
    }
)
_SECONDS = 3600
_CLAIM_SECONDS = 60  # if a function dies while it publishes, another may publish after this time


class Throttle:
    def __init__(self, table: StateTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def once(
        self, error: str, notify: Callable[[], object], seconds: int = _SECONDS, claimant: str = ""
    ) -> bool:
        """Notifies, unless that was done within `seconds` (default: an hour). Returns whether it
        notified.

        A `claimant` that failed to notify may try again at once, others after a minute.
        """
        notice, now = {"key": f"{NOTICES}{error}", "notice": error}, int(self._clock())
        claim = {**notice, "ttl": now + _CLAIM_SECONDS, "claimed_by": claimant or uuid.uuid4().hex}
        try:
            is_over, is_ours = Attr("ttl").lte(now), Attr("claimed_by").eq(claim["claimed_by"])
            self._table.put(claim, Attr("notice").not_exists() | is_over | is_ours)
        except ConditionFailedError:
            return False
        notify()
        self._table.put({**notice, "ttl": now + seconds})
        return True
