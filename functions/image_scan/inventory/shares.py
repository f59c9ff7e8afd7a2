"""Divides time among accounts, so that none takes that of the others. Pure."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Where = tuple[str, str]  # account, region

# A step of work that lets all others end before the next one.
LATER = object()
_DONE = object()
# Seconds of an account's turn at least: what has begun holds memory until it ends.
_LEAST = 2.0


class TimeShares:
    """`seconds` from now on, as `clock` counts them."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._ends = clock() + seconds

    def take(self, work: Mapping[Where, Iterator[object]]) -> list[Where]:
        """Does the work of each region, step by step, in this order. An account has its share of
        the time, and its regions theirs of that. What accounts do not use is divided again among
        those that are not done. Returns the regions whose work is not done in time.

        One step may last longer than a turn: nothing ends it.
        """
        waiting = [*work]
        while waiting and self._left() > 0:
            waiting = self._round(waiting, work)
        return waiting

    def _round(self, waiting: list[Where], work: Mapping[Where, Iterator[object]]) -> list[Where]:
        """Gives each account its turn. Returns the regions that are not done, in the order of the
        next round: who has let the others go first, who had no time left in the turn of its
        account, and then who has had its share."""
        regions = Counter(account for account, _ in waiting)
        turns = dict.fromkeys(regions, max(self._left() / len(regions), _LEAST))
        later: list[Where] = []
        unmet: list[Where] = []
        rest: list[Where] = []
        for where in waiting:
            account, began = where[0], self._clock()
            if turns[account] <= 0:
                unmet.append(where)
                continue
            step = self._advance(work[where], turns[account] / regions[account])
            turns[account] -= self._clock() - began
            regions[account] -= 1
            if step is not _DONE:
                (later if step is LATER else rest).append(where)
        return [*later, *unmet, *rest]

    def allowance(self, accounts: int, part: float = 1 / 6) -> Allowance:
        """Returns what `accounts` may use after that, to end what has begun: a part of the time."""
        return Allowance(self._seconds * part, max(accounts, 1), self._clock)

    def _advance(self, work: Iterator[object], seconds: float) -> object:
        until = min(self._clock() + seconds, self._ends)
        while self._clock() < until:
            step = next(work, _DONE)
            if step in (LATER, _DONE):
                return step
        return None

    def _left(self) -> float:
        return self._ends - self._clock()


class Allowance:
    """What each of `accounts` may use of `seconds`, from the first use on."""

    def __init__(self, seconds: float, accounts: int, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._share = max(seconds / accounts, _LEAST)
        self._clock = clock
        self._used: defaultdict[str, float] = defaultdict(float)
        self._spent = 0.0

    def use(self, account: str, action: Callable[[], None]) -> bool:
        """Returns False, and does nothing, where the account or all have used their time."""
        if self._used[account] >= self._share or self._spent >= self._seconds:
            return False
        began = self._clock()
        try:
            action()
        finally:
            took = self._clock() - began
            self._used[account] += took
            self._spent += took
        return True
