"""The regions that a reconciliation looks at: regions of accounts, and their rows of the inventory.
Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Rows = Mapping[tuple[str, str], Mapping[str, Any]]

Json = dict[str, Any]
Where = tuple[str, str]  # account, region
Pair = tuple[str, str]  # the key of an image, and a workload

_SILENT_SECONDS = 7 * 86_400
# With a reason of 500 characters for each, they fit into the item of a reconciliation.
_MOST_UNREAD = 400


@dataclass(frozen=True)
class Region:
    """A region of an account, with its rows."""

    where: Where
    rows: Rows

    def state(self, pair: Pair) -> str:
        """Returns the state of a row; empty where there is none."""
        return str(self.rows.get(pair, {}).get("state", ""))


def read(home: Where, rows: Iterable[Json], now: int) -> dict[Where, Region]:
    """Groups rows. The order of the regions is another one each time, so that none is always last;
    `home` is there in any case."""
    found: dict[Where, dict[Pair, Json]] = {home: {}}
    for row in rows:
        account, region = row["account_region"].split("#", 1)
        found.setdefault((account, region), {})[row["digest"], row["workload"]] = row

    def turn(where: Where) -> str:
        return hashlib.sha256(f"{now} {where[0]} {where[1]}".encode()).hexdigest()

    return {where: Region(where, found[where]) for where in sorted(found, key=turn)}


def silent(regions: Mapping[Where, Region], now: int) -> list[str]:
    """Names regions that sent no event for a week."""
    newest = {
        where: max((row["last_seen"] for row in each.rows.values()), default=now)
        for where, each in regions.items()
    }
    return sorted("#".join(where) for where, at in newest.items() if at < now - _SILENT_SECONDS)


def listed(unread: Mapping[Where, str], home: Where) -> dict[str, str]:
    """Returns the reasons as they are stored and shown: no more than an item has room for."""
    ordered = sorted(unread, key=lambda where: where != home)
    shown = {"#".join(where): unread[where] for where in ordered[:_MOST_UNREAD]}
    if more := len(unread) - len(shown):
        shown[f"{more} more"] = "the log of the function names them (account not read)"
    return shown
