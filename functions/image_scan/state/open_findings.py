"""Stores which findings were open at the last reconciliation.

They lie in pages, each by the beginning of a finding's id: one never moves to another page, so a
crash between two writes loses none.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from image_scan.findings.encoding import compressed, expanded
from image_scan.state.keys import OPEN_FINDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from image_scan.state.table import StateTable

_PAGES = "0123456789abcdef"
_SECONDS = 400 * 86_400


class OpenFindingsStore:
    """Every method raises AwsUnavailable or AwsRejected."""

    def __init__(self, table: StateTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def read(self) -> Iterator[list[Any]]:
        """Yields what was stored; what cannot be read is as if it had never been open."""
        for page in _PAGES:
            item = self._table.get(f"{OPEN_FINDINGS}{page}") or {}
            try:
                yield from expanded(str(item.get("open", "")))
            except ValueError:
                continue

    def write(self, entries: Iterable[tuple[str, list[Any]]]) -> None:
        """`entries` with the ids of their findings."""
        pages: dict[str, list[Any]] = {page: [] for page in _PAGES}
        for identity, entry in entries:
            pages[identity[0]].append(entry)
        until = int(self._clock()) + _SECONDS
        for page, stored in pages.items():
            key = f"{OPEN_FINDINGS}{page}"
            self._table.put({"key": key, "open": compressed(stored), "ttl": until})
