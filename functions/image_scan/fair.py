"""Orders what several accounts have, so that no account comes before all others. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def in_turn(workloads: Iterable[tuple[str, str]]) -> list[str]:
    """Orders names of workloads, given with their accounts, so that the accounts take turns."""
    seen = Counter[str]()
    turns: list[tuple[int, int, str]] = []
    for name, account in workloads:
        turns.append((seen[account], len(turns), name))
        seen[account] += 1
    return [name for *_, name in sorted(turns)]
