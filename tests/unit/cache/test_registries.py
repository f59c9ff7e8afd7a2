"""The memo of Qualys registries: one per account and region, for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from image_scan.cache.registries import RegistryMemo
    from tests.support.doubles import Clock


def test_a_registry_is_remembered_for_its_account_and_region(memo: RegistryMemo) -> None:
    assert memo.recall("1", "eu-west-1") == ""
    memo.remember("1", "eu-west-1", "reg-1")
    assert memo.recall("1", "eu-west-1") == "reg-1"
    assert memo.recall("1", "us-east-1") == ""
    assert memo.recall("2", "eu-west-1") == ""


def test_a_memo_ends_after_a_day_though_the_item_is_still_there(
    memo: RegistryMemo, clock: Clock
) -> None:
    memo.remember("1", "eu-west-1", "reg-1")
    clock.now += 86_399
    assert memo.recall("1", "eu-west-1") == "reg-1"
    clock.now += 2
    assert memo.recall("1", "eu-west-1") == ""


def test_a_memo_is_forgotten(memo: RegistryMemo) -> None:
    memo.remember("1", "eu-west-1", "reg-1")
    memo.forget("1", "eu-west-1")
    assert memo.recall("1", "eu-west-1") == ""
    memo.forget("1", "eu-west-1")


def test_one_at_a_time_may_create(memo: RegistryMemo, clock: Clock) -> None:
    assert memo.lock("1", "eu-west-1")
    assert not memo.lock("1", "eu-west-1")
    assert memo.lock("1", "us-east-1")
    assert memo.recall("1", "eu-west-1") == ""
    clock.now += 65
    assert memo.lock("1", "eu-west-1")


def test_what_is_known_cannot_be_locked(memo: RegistryMemo) -> None:
    assert memo.lock("1", "eu-west-1")
    assert memo.remember("1", "eu-west-1", "reg-1")
    assert not memo.lock("1", "eu-west-1")


def test_the_first_to_remember_knows_that_it_was(memo: RegistryMemo, clock: Clock) -> None:
    assert memo.remember("1", "eu-west-1", "reg-1")
    assert not memo.remember("1", "eu-west-1", "reg-2")
    assert memo.recall("1", "eu-west-1") == "reg-1"
    clock.now += 86_400
    assert memo.remember("1", "eu-west-1", "reg-2")
