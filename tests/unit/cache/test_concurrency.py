"""A limit on the scans that are at Qualys at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_scan.errors import ScansAtLimit

if TYPE_CHECKING:
    from image_scan.cache.concurrency import ScanSlots
    from tests.support.doubles import Clock


def test_no_more_than_the_limit_get_a_slot(slots: ScanSlots) -> None:
    for number in range(3):
        slots.take(f"scan-{number}", 3, 60)
    with pytest.raises(ScansAtLimit, match="3 scans"):
        slots.take("scan-3", 3, 60)
    slots.give_back("scan-1")
    slots.take("scan-3", 3, 60)


def test_who_has_a_slot_may_take_it_again(slots: ScanSlots) -> None:
    slots.take("scan-0", 1, 60)
    slots.take("scan-0", 1, 60)
    with pytest.raises(ScansAtLimit):
        slots.take("scan-1", 1, 60)


def test_a_slot_of_a_dead_execution_is_free_after_its_time(slots: ScanSlots, clock: Clock) -> None:
    slots.take("dead", 2, 60)
    clock.now += 30
    slots.take("alive", 2, 60)
    clock.now += 30
    slots.take("scan-1", 2, 60)
    with pytest.raises(ScansAtLimit):
        slots.take("scan-2", 2, 60)


def test_a_lowered_limit_holds_for_those_that_come(slots: ScanSlots) -> None:
    slots.take("scan-0", 2, 60)
    slots.take("scan-1", 2, 60)
    slots.give_back("scan-0")
    with pytest.raises(ScansAtLimit):
        slots.take("scan-2", 1, 60)


def test_what_was_never_taken_can_be_given_back(slots: ScanSlots) -> None:
    slots.give_back("scan-0")
    slots.take("scan-1", 1, 60)
    slots.give_back("scan-0")
    with pytest.raises(ScansAtLimit):
        slots.take("scan-2", 1, 60)
