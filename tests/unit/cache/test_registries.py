"""The cache of Qualys registries: one per account and region, for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from image_scan.cache.registries import RegistryCache
    from tests.support.doubles import Clock


def test_a_registry_is_remembered_for_its_account_and_region(registry_cache: RegistryCache) -> None:
    assert registry_cache.recall("1", "eu-west-1") == ""
    registry_cache.remember("1", "eu-west-1", "reg-1")
    assert registry_cache.recall("1", "eu-west-1") == "reg-1"
    assert registry_cache.recall("1", "us-east-1") == ""
    assert registry_cache.recall("2", "eu-west-1") == ""


def test_an_entry_ends_after_a_day_though_the_item_is_still_there(
    registry_cache: RegistryCache, clock: Clock
) -> None:
    registry_cache.remember("1", "eu-west-1", "reg-1")
    clock.now += 86_399
    assert registry_cache.recall("1", "eu-west-1") == "reg-1"
    clock.now += 2
    assert registry_cache.recall("1", "eu-west-1") == ""


def test_an_entry_is_forgotten(registry_cache: RegistryCache) -> None:
    registry_cache.remember("1", "eu-west-1", "reg-1")
    registry_cache.forget("1", "eu-west-1")
    assert registry_cache.recall("1", "eu-west-1") == ""
    registry_cache.forget("1", "eu-west-1")


def test_one_at_a_time_may_create(registry_cache: RegistryCache, clock: Clock) -> None:
    assert registry_cache.lock("1", "eu-west-1")
    assert not registry_cache.lock("1", "eu-west-1")
    assert registry_cache.lock("1", "us-east-1")
    assert registry_cache.recall("1", "eu-west-1") == ""
    clock.now += 65
    assert registry_cache.lock("1", "eu-west-1")


def test_what_is_known_cannot_be_locked(registry_cache: RegistryCache) -> None:
    assert registry_cache.lock("1", "eu-west-1")
    assert registry_cache.remember("1", "eu-west-1", "reg-1")
    assert not registry_cache.lock("1", "eu-west-1")


def test_the_first_to_remember_knows_that_it_was(
    registry_cache: RegistryCache, clock: Clock
) -> None:
    assert registry_cache.remember("1", "eu-west-1", "reg-1")
    assert not registry_cache.remember("1", "eu-west-1", "reg-2")
    assert registry_cache.recall("1", "eu-west-1") == "reg-1"
    clock.now += 86_400
    assert registry_cache.remember("1", "eu-west-1", "reg-2")
