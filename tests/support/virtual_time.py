"""One time for functions, state machines and the simulated Qualys: it passes by being slept.

Whoever takes part in it (an actor) is either at work, and then time stands still, or asleep. When
all are asleep the clock goes to the first that wakes: the order of things is that of their waits,
and no test lasts longer for a longer wait.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Result = TypeVar("_Result")
_PATIENCE = 20  # seconds of real time: then something hangs


class VirtualTime:
    """`advance` moves the simulator's clock and lets its sensor work, `now` reads it."""

    def __init__(self, now: Callable[[], float], advance: Callable[[float], None]) -> None:
        self._now = now
        self._advance = advance
        self._condition = threading.Condition()
        self._passed = 0.0
        self._actors = 1
        self._wakes: list[float] = []
        self.skew = 0.0

    def time(self) -> float:
        """Seconds since the epoch on our side; `skew` is how far Qualys' clock is ahead of it."""
        return self._now() - self.skew

    def sleep(self, seconds: float) -> None:
        with self._condition:
            wake = self._passed + seconds
            self._wakes.append(wake)
            self._pass_on()
            woken = self._condition.wait_for(lambda: self._passed >= wake, _PATIENCE)
            self._wakes.remove(wake)
        if not woken:
            raise TimeoutError(f"an actor is at work for {_PATIENCE} s while others sleep")

    def together(self, actions: Sequence[Callable[[], _Result]]) -> list[_Result]:
        """What the actions return, each an actor of its own in the workload of the caller."""
        with self._condition:
            self._actors += len(actions) - 1
        with ThreadPoolExecutor(len(actions)) as pool:
            running = [pool.submit(self._act, action) for action in actions]
        with self._condition:
            self._actors += 1
        return [each.result() for each in running]

    def _act(self, action: Callable[[], _Result]) -> _Result:
        try:
            return action()
        finally:
            with self._condition:
                self._actors -= 1
                self._pass_on()

    def _pass_on(self) -> None:
        """Moves the clock once nobody is at work any more."""
        ahead = [wake for wake in self._wakes if wake > self._passed]
        if len(ahead) < self._actors or not ahead:
            return
        self._advance(0)  # what was asked for begins now, and not when the time has passed
        self._advance(min(ahead) - self._passed)
        self._passed = min(ahead)
        self._condition.notify_all()
