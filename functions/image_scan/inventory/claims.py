"""Which workloads wait for the verdict of an image, and who notifies each of them.

docs/core.md has the states of a row. A notification is claimed, published, then marked: a crash may
repeat it, and never lose it.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from image_scan.aws.dynamodb import Attr, Change
from image_scan.cache.standing import ACTIVE, SEEN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from boto3.dynamodb.conditions import ConditionBase

    from image_scan.cache.entries import Scan
    from image_scan.inventory.notified import Notice
    from image_scan.inventory.table import InventoryTable

Row = dict[str, Any]
# Longer than a notification takes, with its retries.
_CLAIM_SECONDS = 300
_AT_ONCE = 10  # connections that boto3 keeps open
MOST_ROWS, _AT_A_TIME = 1000, 100  # rows of an account at first, and of the others
_LAST = "\U0010ffff"  # after each workload
_CLAIM = ("claimed_by", "claimed_of", "claimed_until")


class Claims:
    """Every method raises AwsUnavailable or AwsRejected when DynamoDB does not do its part."""

    def __init__(self, table: InventoryTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def rows(self, key: str, *, consistent: bool = True) -> list[Row]:
        """Reads the rows of an image, of each account some; not what is left of one that expired.
        Thousands of one account must not use up the memory and the time for the others."""
        found, seen = list[Row](), Counter[str]()
        rows = self._table.below(key, consistent)
        while row := next(rows, None):
            if "account" in row:
                found.append(row)
                seen[account := row["account"]] += 1
                if seen[account] == MOST_ROWS:
                    rows = self._table.between(key, _end(account), _LAST)
        return found

    def rest(self, key: str, rows: Iterable[Row]) -> Iterator[list[Row]]:
        """Reads, some at a time, the rows that `rows` leaves out: `self.rows` has returned it."""
        last = {row["account"]: row["workload"] for row in rows}
        for account, number in Counter(row["account"] for row in rows).items():
            if number >= MOST_ROWS:
                more = self._table.between(key, last[account], _end(account))
                found = (row for row in more if "account" in row)
                while part := list(islice(found, _AT_A_TIME)):
                    yield part

    def accounts(self, key: str, since: int) -> set[str]:
        """The accounts that run an image, or have asked for its verdict since then, in epoch
        milliseconds."""
        rows = self.rows(key, consistent=False)
        return {row["account"] for row in rows if _is_waiting(row, since)}

    def claim(self, key: str, workloads: Iterable[str], number: int, holder: str) -> list[Row]:
        """Takes the right to notify workloads of a scan. Returns the rows of those that no other
        holds, or was quicker with, as they are now."""
        now = int(self._clock())
        free: ConditionBase = Attr("claimed_by").not_exists() | Attr("claimed_by").eq(holder)
        free |= Attr("claimed_until").lte(now)
        if number:
            # Who is slow with an older scan keeps nobody from notifying of this one.
            new = Attr("notified_of").not_exists() | Attr("notified_of").lt(number)
            free = (free | Attr("claimed_of").lt(number)) & new
        claim = dict(zip(_CLAIM, (holder, number, now + _CLAIM_SECONDS), strict=True))

        def take(workload: str) -> Row | None:
            condition = Attr("digest").exists() & free
            return self._table.update(key, workload, Change(claim), condition)

        return [row for row in _each(take, workloads) if row is not None]

    def mark(
        self, key: str, rows: Iterable[Row], known_as: str, notices: Mapping[str, Notice]
    ) -> None:
        """Records that workloads were notified, as far as their claims are still held. `known_as`
        names a verdict without a result. `notices` are of those that a message has named."""

        def mark(row: Row) -> object:
            number = row["claimed_of"]
            held = Attr("claimed_of").eq(number) & Attr("claimed_by").eq(row["claimed_by"])
            done = {"notified_as": known_as, "notified_event": row.get("event_id", "")}
            change = Change({**done, **({"notified_of": number} if number else {})}, {}, _CLAIM)
            if notice := notices.get(row["workload"]):
                change = notice.added_to(change)
            return self._table.update(key, row["workload"], change, held)

        _each(mark, rows)


def _end(account: str) -> str:
    """After each workload of an account: these begin with the account and #."""
    return f"{account}$"


def is_due(row: Mapping[str, Any], scan: Scan) -> bool:
    """Whether a workload waits for the verdict of a scan: it runs the image, or has asked since the
    first of the scans began that were to answer it."""
    waits = _is_waiting(row, scan.since - SEEN_SECONDS * 1000)
    return waits and bool(row.get("notified_of", 0) < scan.number)


def _is_waiting(row: Mapping[str, Any], since: int) -> bool:
    """What is out of scope waits for no verdict."""
    waits = row.get("state") in ACTIVE or row.get("asked_at", 0) >= since
    return bool(waits) and "out_of_scope" not in row


def _each(write: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Makes writes, some at a time."""
    todo = list(items)
    if len(todo) < 2:
        return [write(each) for each in todo]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(write, todo))
