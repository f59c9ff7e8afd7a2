"""A limit on the scans that are at Qualys at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_scan.errors import ScansAtLimit

if TYPE_CHECKING:
    from image_scan.state.permits import ScanPermits
    from tests.support.doubles import Clock


def test_no_more_than_the_limit_get_a_permit(permits: ScanPermits) -> None:
    for number in range(3):
        permits.take(f"scan-{number}", 3, 60)
    with pytest.raises(ScansAtLimit, match="3 scans"):
        permits.take("scan-3", 3, 60)
    permits.give_back("scan-1")
    permits.take("scan-3", 3, 60)


def test_who_has_a_permit_may_take_it_again(permits: ScanPermits) -> None:
    permits.take("scan-0", 1, 60)
    permits.take("scan-0", 1, 60)
    with pytest.raises(ScansAtLimit):
        permits.take("scan-1", 1, 60)


def test_a_permit_of_a_dead_execution_is_free_after_its_time(
    permits: ScanPermits, clock: Clock
) -> None:
    permits.take("dead", 2, 60)
    clock.now += 30
    permits.take("alive", 2, 60)
    clock.now += 30
    permits.take("scan-1", 2, 60)
    with pytest.raises(ScansAtLimit):
        permits.take("scan-2", 2, 60)


def test_a_lowered_limit_holds_for_those_that_come(permits: ScanPermits) -> None:
    permits.take("scan-0", 2, 60)
    permits.take("scan-1", 2, 60)
    permits.give_back("scan-0")
    with pytest.raises(ScansAtLimit):
        permits.take("scan-2", 1, 60)


def test_what_was_never_taken_can_be_given_back(permits: ScanPermits) -> None:
    permits.give_back("scan-0")
    permits.take("scan-1", 1, 60)
    permits.give_back("scan-0")
    with pytest.raises(ScansAtLimit):
        permits.take("scan-2", 1, 60)
