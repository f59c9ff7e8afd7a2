"""Stores which findings were open at the last reconciliation.

They lie in pages, each by the beginning of a finding's id: one never moves to another page, so a
crash between two writes loses none. A page has room for a limited number.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from image_scan.findings.encoding import compressed, expanded
from image_scan.state.keys import OPEN_FINDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Set

    from image_scan.state.table import StateTable

_PAGES = "0123456789abcdef"
_SECONDS = 400 * 86_400
# Bytes of a page: until new ones wait, until old ones are left out, and of an item (409,600). The
# same entries in another order may need more.
_PLANNED, _LARGEST, _MOST = 365_000, 390_000, 405_000


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

    def without_room(self, entries: Iterable[tuple[str, list[Any]]], new: Set[str]) -> set[str]:
        """Returns the ids of those that have no room: the last ones of a full page. Of those that
        are not `new`, only what does not fit by any means."""
        known = list(entries)
        left = _left_out(known, _PLANNED) & new
        return left | _left_out([each for each in known if each[0] not in left], _LARGEST)

    def write(self, entries: Iterable[tuple[str, list[Any]]]) -> None:
        """`entries` with the ids of their findings."""
        until = int(self._clock()) + _SECONDS
        for page, stored in _pages(entries, _MOST).items():
            key = f"{OPEN_FINDINGS}{page}"
            self._table.put({"key": key, "open": compressed(stored), "ttl": until})


def _left_out(entries: Sequence[tuple[str, list[Any]]], largest: int) -> set[str]:
    room = {page: len(stored) for page, stored in _pages(entries, largest).items()}
    left = set()
    for identity, _ in entries:
        room[identity[0]] -= 1
        if room[identity[0]] < 0:
            left.add(identity)
    return left


def _pages(entries: Iterable[tuple[str, list[Any]]], largest: int) -> dict[str, list[Any]]:
    pages: dict[str, list[Any]] = {page: [] for page in _PAGES}
    for identity, entry in entries:
        pages[identity[0]].append(entry)
    for page, stored in pages.items():
        while len(compressed(pages[page])) > largest:
            pages[page] = stored[: len(pages[page]) * 9 // 10]
    return pages
