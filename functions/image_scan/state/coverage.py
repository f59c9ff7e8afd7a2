"""Stores what each reconciliation has found: the course of coverage over time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from image_scan.state.keys import COVERAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.state.table import StateTable

_SECONDS = 400 * 86_400


class CoverageHistory:
    def __init__(self, table: StateTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def add(self, summary: Mapping[str, Any]) -> None:
        """Raises AwsUnavailable or AwsRejected."""
        until = int(self._clock()) + _SECONDS
        self._table.put({"key": f"{COVERAGE}{summary['at']}", **summary, "ttl": until})
