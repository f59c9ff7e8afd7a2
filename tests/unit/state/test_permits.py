"""A limit on the scans that are at Qualys at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_scan.errors import ScansAtLimit

if TYPE_CHECKING:
    from image_scan.state.permits import ScanPermits
    from image_scan.state.table import StateTable
    from tests.support.doubles import Clock

BUSY, QUIET = "111111111111", "222222222222"


def refused(permits: ScanPermits, name: str, account: str, most: int) -> bool:
    try:
        permits.take(name, account, most, 600)
    except ScansAtLimit:
        return True
    return False


def test_no_more_than_the_limit_get_a_permit(permits: ScanPermits) -> None:
    for number in range(3):
        permits.take(f"scan-{number}", BUSY, 3, 60)
    with pytest.raises(ScansAtLimit, match="3 scans"):
        permits.take("scan-3", BUSY, 3, 60)
    permits.give_back("scan-1")
    permits.take("scan-3", BUSY, 3, 60)


def test_who_has_a_permit_may_take_it_again(permits: ScanPermits) -> None:
    permits.take("scan-0", BUSY, 1, 60)
    permits.take("scan-0", BUSY, 1, 60)
    with pytest.raises(ScansAtLimit):
        permits.take("scan-1", BUSY, 1, 60)


def test_a_permit_of_a_dead_execution_is_free_after_its_time(
    permits: ScanPermits, clock: Clock
) -> None:
    permits.take("dead", BUSY, 2, 60)
    clock.now += 30
    permits.take("alive", BUSY, 2, 60)
    clock.now += 30
    permits.take("scan-1", BUSY, 2, 60)
    with pytest.raises(ScansAtLimit):
        permits.take("scan-2", BUSY, 2, 60)


def test_a_lowered_limit_holds_for_those_that_come(permits: ScanPermits) -> None:
    permits.take("scan-0", BUSY, 2, 60)
    permits.take("scan-1", BUSY, 2, 60)
    permits.give_back("scan-0")
    with pytest.raises(ScansAtLimit):
        permits.take("scan-2", BUSY, 1, 60)


def test_what_was_never_taken_can_be_given_back(permits: ScanPermits) -> None:
    permits.give_back("scan-0")
    permits.take("scan-1", BUSY, 1, 60)
    permits.give_back("scan-0")
    with pytest.raises(ScansAtLimit):
        permits.take("scan-2", BUSY, 1, 60)


def test_one_account_may_have_all_where_no_other_waits(permits: ScanPermits) -> None:
    assert not [each for each in range(8) if refused(permits, f"scan-{each}", BUSY, 8)]


@pytest.mark.attack(6)
def test_who_waits_gets_what_is_given_back(permits: ScanPermits) -> None:
    for number in range(8):
        permits.take(f"busy-{number}", BUSY, 8, 600)
    assert refused(permits, "quiet-0", QUIET, 8)
    permits.give_back("busy-0")
    assert refused(permits, "busy-8", BUSY, 8)
    permits.take("quiet-0", QUIET, 8, 600)
    permits.give_back("busy-1")
    assert refused(permits, "busy-8", BUSY, 8)


def test_a_share_is_the_same_for_each_account(permits: ScanPermits) -> None:
    held = [f"busy-{number}" for number in range(8)]
    for name in held:
        permits.take(name, BUSY, 8, 600)
    assert refused(permits, "quiet-first", QUIET, 8)
    for number in range(20):
        permits.give_back(held.pop(0))
        held += [
            name
            for name, account in ((f"busy-{8 + number}", BUSY), (f"quiet-{number}", QUIET))
            if not refused(permits, name, account, 8)
        ]
    assert sum(name.startswith("quiet") for name in held) == 4
    assert len(held) == 8


def test_what_is_free_is_for_everybody_when_nobody_has_waited_for_long(
    permits: ScanPermits, clock: Clock
) -> None:
    for number in range(4):
        permits.take(f"busy-{number}", BUSY, 4, 600)
    assert refused(permits, "quiet-0", QUIET, 4)
    permits.give_back("busy-0")
    permits.give_back("busy-1")
    permits.give_back("busy-2")
    permits.take("busy-4", BUSY, 4, 600)  # the second of its two
    assert refused(permits, "busy-5", BUSY, 4)
    clock.now += 240
    permits.take("busy-5", BUSY, 4, 600)


def test_who_waits_for_the_scan_of_another_gives_its_own_share(permits: ScanPermits) -> None:
    """An account whose scans never end starts the scan of an image that others deploy, too."""
    for number in range(4):
        permits.take(f"busy-{number}", BUSY, 4, 600)
    asked = []

    def beside() -> set[str]:
        asked.append(1)
        return {BUSY, QUIET}

    def tried(name: str) -> bool:
        try:
            permits.take(name, BUSY, 4, 600, beside)
        except ScansAtLimit:
            return False
        return True

    assert not tried("both")
    permits.give_back("busy-0")
    assert refused(permits, "busy-4", BUSY, 4)
    assert tried("both")
    assert len(asked) == 2, "read only by a scan that has to wait"
    permits.give_back("busy-1")
    assert not refused(permits, "quiet-1", QUIET, 4), "the second of its two"
    permits.give_back("busy-2")
    assert refused(permits, "quiet-2", QUIET, 4), "a scan beside counts for its share"


def test_a_share_is_never_less_than_one_scan(permits: ScanPermits) -> None:
    permits.take("busy-0", BUSY, 2, 600)
    permits.take("quiet-0", QUIET, 2, 600)
    assert refused(permits, "third-0", "333333333333", 2)
    permits.give_back("busy-0")
    assert refused(permits, "quiet-1", QUIET, 2)
    permits.take("third-0", "333333333333", 2, 600)


def test_an_image_of_many_accounts_makes_few_of_them_wait(
    permits: ScanPermits, state: StateTable
) -> None:
    """Each account that waits makes the shares of the others smaller."""
    permits.take("busy-0", BUSY, 1, 600)
    many = [f"{number:012}" for number in range(99)]
    with pytest.raises(ScansAtLimit):
        permits.take("popular", QUIET, 1, 600, lambda: many)
    assert len((state.get("permit#scans") or {})["waiting"]) == 5
