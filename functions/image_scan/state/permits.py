"""How many scans may be at Qualys at once, and how the accounts share them.

Sensors take jobs one after another: a scan that waits in their queue for longer than it is polled
for ends in TIMEOUT. Scans beyond the limit wait here instead, where waiting costs nothing. While an
account waits, no other account gets more than its share. A scan counts for the account that has
caused it; if that has its share, for another account that waits for the same scan.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from image_scan.aws.dynamodb import Attr, Change, ConditionFailedError
from image_scan.errors import AwsUnavailable, ScansAtLimit
from image_scan.state.keys import PERMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from image_scan.state.table import StateTable

_KEY = f"{PERMITS}scans"
_HELD, _WAITING, _SOMEBODY_WAITS = Attr("held"), Attr("waiting"), Attr("waiting_until")
# A little longer than the longest time between two tries of a scan.
_WAITING_SECONDS = 240
# Each account that waits makes the shares of all others smaller, and one image may be that of many.
_MOST_BESIDE = 4


class ScanPermits:
    """One item of the state table. `held`: execution name -> account, and until when (epoch
    seconds) it holds a permit. `waiting`: account -> until when it counts as waiting."""

    def __init__(self, table: StateTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def take(
        self,
        execution_name: str,
        account: str,
        most: int,
        seconds: int,
        beside: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Takes a permit for a scan that `account` has caused, and those `beside` it wait for. Safe
        to repeat. Raises ScansAtLimit when `most` others hold one, or when all of these accounts
        have their share and others wait."""
        now = int(self._clock())
        permit = {"account": account, "until": now + seconds}
        nobody_waits = _SOMEBODY_WAITS.not_exists() | _SOMEBODY_WAITS.lte(now)
        for _ in range(3):
            try:
                self._hold(execution_name, permit, most, nobody_waits)
            except ConditionFailedError as failed:
                accounts = [account, *sorted(set(beside()) - {account})[:_MOST_BESIDE]]
                if self._take_share(execution_name, permit, most, failed.item, accounts):
                    return
            else:
                return
        raise AwsUnavailable("the permits changed each time they were read")

    def give_back(self, execution_name: str) -> None:
        try:
            given = Change(removed=(f"held.{execution_name}",))
            self._table.change(_KEY, given, _HELD.exists())
        except ConditionFailedError:
            return  # none was ever taken

    def _hold(self, name: str, permit: dict[str, Any], most: int, *conditions: Any) -> None:
        condition = _HELD.exists() & _HELD.size().lt(most)
        for each in conditions:
            condition &= each
        self._table.update(_KEY, {f"held.{name}": permit}, condition)

    def _take_share(
        self, name: str, permit: dict[str, Any], most: int, item: Any, accounts: list[str]
    ) -> bool:
        """Takes a permit of an execution that died, the very first one, or one of the share of the
        first account that has one left. Returns False if the permits have changed."""
        held, waiting, now = item.get("held", {}), item.get("waiting", {}), self._clock()
        if name in held:
            return True
        living = {each: other for each, other in held.items() if other["until"] > now}
        still = {account: end for account, end in waiting.items() if end > now}
        left = (each for each in accounts if not _has_its_share(each, living, still, most))
        account = next(left, "") if len(living) < most else ""
        if not account:
            if held:
                self._wait(accounts, waiting)
            named = ", ".join(accounts)
            raise ScansAtLimit(f"{most} scans are at Qualys, or the share of account {named}")
        permit = {**permit, "account": account}
        try:
            if held and len(living) == len(held):
                self._hold(name, permit, most)
            else:
                remains = {"held": {**living, name: permit}, "waiting": still}
                ends = {"waiting_until": max(still.values())} if still else {}
                unchanged = _HELD.not_exists() | (_HELD.eq(held) & _WAITING.eq(waiting))
                self._table.put({"key": _KEY, **remains, **ends}, unchanged)
        except ConditionFailedError:
            return False
        return True

    def _wait(self, accounts: list[str], waiting: dict[str, int]) -> None:
        """Records that accounts wait; at most every other minute."""
        until = int(self._clock()) + _WAITING_SECONDS
        if late := [each for each in accounts if waiting.get(each, 0) < until - 60]:
            changes = {f"waiting.{each}": until for each in late}
            self._table.update(_KEY, {**changes, "waiting_until": until}, _WAITING.exists())


def _has_its_share(account: str, held: dict[str, Any], waiting: dict[str, int], most: int) -> bool:
    """Whether an account holds its share, and another one that waits does not."""
    numbers = Counter(each["account"] for each in held.values())
    share = max(1, most // len({account, *numbers, *waiting}))
    others = (each for each in waiting if each != account)
    return numbers[account] >= share and any(numbers[each] < share for each in others)
