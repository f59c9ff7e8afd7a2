"""How many scans may be at Qualys at once.

Sensors take jobs one after another: a scan that waits in their queue for longer than it is polled
for ends in TIMEOUT. Those beyond the limit wait here instead, where waiting costs nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from image_scan.aws.dynamodb import Attr, Change, ConditionFailedError
from image_scan.errors import AwsUnavailable, ScansAtLimit
from image_scan.state.keys import PERMITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_scan.state.table import StateTable

_KEY = f"{PERMITS}scan"
_HELD = Attr("held")


class ScanPermits:
    """One item of the state table: execution name -> until when (epoch seconds) it holds a
    permit."""

    def __init__(self, table: StateTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def take(self, execution_name: str, most: int, seconds: int) -> None:
        """Safe to repeat. Raises ScansAtLimit when `most` others hold one."""
        until = int(self._clock()) + seconds
        for _ in range(3):
            try:
                held = {f"held.{execution_name}": until}
                self._table.update(_KEY, held, _HELD.exists() & _HELD.size().lt(most))
            except ConditionFailedError as failed:
                if self._made_room(execution_name, most, until, failed.item.get("held", {})):
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

    def _made_room(self, name: str, most: int, until: int, held: dict[str, int]) -> bool:
        """Takes a permit of an execution that died, or the very first one."""
        if name in held:
            return True
        living = {each: end for each, end in held.items() if end > self._clock()}
        if len(living) >= most:
            raise ScansAtLimit(f"{most} scans are at Qualys")
        item = {"key": _KEY, "held": {**living, name: until}}
        try:
            self._table.put(item, _HELD.not_exists() | _HELD.eq(held))
        except ConditionFailedError:
            return False
        return True
