"""The cache of Qualys registries: one per account and region, for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import pytest

from image_scan.contracts import Waited
from tests.support.builders import image

if TYPE_CHECKING:
    from image_scan.state.registries import RegistryCache
    from image_scan.state.table import StateTable
    from tests.support.doubles import Clock


def test_a_registry_is_remembered_for_its_account_and_region(registry_cache: RegistryCache) -> None:
    assert registry_cache.recall("1", "eu-west-1").uuid == ""
    registry_cache.remember("1", "eu-west-1", "reg-1")
    assert registry_cache.recall("1", "eu-west-1").uuid == "reg-1"
    assert registry_cache.recall("1", "us-east-1").uuid == ""
    assert registry_cache.recall("2", "eu-west-1").uuid == ""


def test_an_entry_ends_after_a_day_though_the_item_is_still_there(
    registry_cache: RegistryCache, clock: Clock
) -> None:
    registry_cache.remember("1", "eu-west-1", "reg-1")
    clock.now += 86_399
    assert registry_cache.recall("1", "eu-west-1").uuid == "reg-1"
    clock.now += 2
    assert registry_cache.recall("1", "eu-west-1").uuid == ""


def test_an_entry_is_forgotten(registry_cache: RegistryCache) -> None:
    registry_cache.remember("1", "eu-west-1", "reg-1")
    registry_cache.forget("1", "eu-west-1")
    assert registry_cache.recall("1", "eu-west-1").uuid == ""
    registry_cache.forget("1", "eu-west-1")


def test_one_at_a_time_may_create(registry_cache: RegistryCache, clock: Clock) -> None:
    assert registry_cache.lock("1", "eu-west-1")
    assert not registry_cache.lock("1", "eu-west-1")
    assert registry_cache.lock("1", "us-east-1")
    assert registry_cache.recall("1", "eu-west-1").uuid == ""
    clock.now += 65
    assert registry_cache.lock("1", "eu-west-1")


def test_what_is_known_cannot_be_locked(registry_cache: RegistryCache) -> None:
    assert registry_cache.lock("1", "eu-west-1")
    registry_cache.remember("1", "eu-west-1", "reg-1")
    assert not registry_cache.lock("1", "eu-west-1")


def test_the_first_to_remember_counts_for_a_day(
    registry_cache: RegistryCache, clock: Clock
) -> None:
    registry_cache.remember("1", "eu-west-1", "reg-1")
    registry_cache.remember("1", "eu-west-1", "reg-2")
    assert registry_cache.recall("1", "eu-west-1").uuid == "reg-1"
    assert registry_cache.recall("1", "eu-west-1").uuid == "reg-1"
    clock.now += 86_400
    registry_cache.remember("1", "eu-west-1", "reg-2")
    assert registry_cache.recall("1", "eu-west-1").uuid == "reg-2"


WHERE = ("1", "eu-west-1")
# Of images: the first is learned from.
KEYS = [next(k for k in map(str, range(99)) if crc32(k.encode()) % 4 == n) for n in range(4)]


def wait(registry_cache: RegistryCache) -> int:
    return registry_cache.recall(*WHERE).first_wait


def end(registry_cache: RegistryCache, waited: int, took: int, number: int = 0) -> None:
    """A scan that was checked first after `waited` has ended. Of those that end before, each fourth
    `number` is learned from."""
    times = Waited(
        submitted_at=0,
        first_wait=waited,
        checks=1 if took <= waited else 2,
    )
    of = image(account_id="1", region="eu-west-1", key=KEYS[number % 4])
    registry_cache.learn(of, times, (took - 1) * 1000)


def scan(registry_cache: RegistryCache, took: int, number: int = 0) -> None:
    """A scan that waits as long as the registry says."""
    end(registry_cache, wait(registry_cache), took, number)


@pytest.fixture
def known(registry_cache: RegistryCache) -> RegistryCache:
    registry_cache.remember(*WHERE, "reg-1")
    return registry_cache


def test_the_first_scan_of_a_registry_waits_a_minute(registry_cache: RegistryCache) -> None:
    assert wait(registry_cache) == 60
    assert registry_cache.lock(*WHERE)
    assert wait(registry_cache) == 60


@pytest.mark.parametrize("usual", [45, 120, 250])
def test_the_wait_comes_to_what_scans_take(known: RegistryCache, usual: int) -> None:
    for _ in range(60):
        scan(known, usual)
    assert usual - 4 <= wait(known) <= usual + 16


def test_most_scans_end_before_their_first_check(known: RegistryCache) -> None:
    """Of twenty scans three take three minutes, and one takes half an hour."""
    took = [40] * 8 + [90] * 8 + [180] * 3 + [1800]
    ended = []
    for number in range(800):
        seconds = took[number * 7 % 20]
        ended.append(seconds <= wait(known))
        scan(known, seconds, number)
    assert sum(ended[100:]) / 700 > 0.9
    assert 160 < wait(known) <= 230


@pytest.mark.parametrize("took", [10**9, 10**18, 301, -(10**18), -1, 0])
def test_no_duration_moves_the_wait_out_of_its_bounds(known: RegistryCache, took: int) -> None:
    before = wait(known)
    scan(known, took)
    assert abs(wait(known) - before) <= 16
    for _ in range(50):
        scan(known, took)
    assert wait(known) == (300 if took > 0 else 32)


def test_one_slow_scan_is_forgotten_after_four(known: RegistryCache) -> None:
    scan(known, 3600)
    for _ in range(4):
        scan(known, 40)
    assert wait(known) == 60


def test_many_scans_at_once_do_not_drive_it_past_what_they_took(known: RegistryCache) -> None:
    """All of them have read a minute and waited for it, and end after each other. moto would not
    hold a condition between threads."""
    for _ in range(100):
        end(known, 60, 90)
    assert wait(known) == 92
    for _ in range(100):
        end(known, 92, 80)
    assert wait(known) == 76


def test_what_was_learned_outlives_the_registrys_day(known: RegistryCache, clock: Clock) -> None:
    scan(known, 100)
    clock.now += 2 * 86_400
    assert known.recall(*WHERE) == ("", 76)
    assert known.lock(*WHERE)
    assert wait(known) == 76
    known.remember(*WHERE, "reg-2")
    assert known.recall(*WHERE) == ("reg-2", 76)


def test_a_registry_that_is_forgotten_meanwhile_learns_nothing(known: RegistryCache) -> None:
    known.forget(*WHERE)
    end(known, 60, 100)
    assert known.recall(*WHERE) == ("", 60)


@pytest.mark.parametrize("stored", ["soon", None, 10**6, -5, [60]])
def test_a_wait_that_nobody_can_have_learned_is_not_used(
    known: RegistryCache, state: StateTable, stored: object
) -> None:
    key = "registry#1#eu-west-1"
    state.update(key, {"first_wait": stored}, None)
    assert 30 <= wait(known) <= 300
