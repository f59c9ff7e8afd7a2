"""Time is divided among accounts: what one does not use, others have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_scan.inventory.shares import LATER, Allowance, TimeShares
from tests.support.builders import NOW
from tests.support.doubles import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

Where = tuple[str, str]


class Work:
    """Steps of one second each, by region; what was done, in order."""

    def __init__(self, **steps: int) -> None:
        self.clock = Clock()
        self.steps = {(name[:1], name[1:]): number for name, number in steps.items()}
        self.done: list[Where] = []
        self.put_off: set[Where] = set()

    def take(self, seconds: float) -> list[str]:
        work = {where: self.of_region(where) for where in self.steps}
        return ["".join(where) for where in TimeShares(seconds, self.clock).take(work)]

    def of(self, name: str) -> int:
        return ["".join(where) for where in self.done].count(name)

    def of_region(self, where: Where, seconds: float = 1) -> Iterator[object]:
        if where in self.put_off:
            yield LATER
        for _ in range(self.steps[where]):
            self.done.append(where)
            self.clock.now += seconds
            yield None


def test_all_is_done_where_there_is_time() -> None:
    work = Work(a=3, b=0, c=5)
    assert work.take(100) == []
    assert len(work.done) == 8


@pytest.mark.attack(15)
def test_an_endless_account_leaves_the_others_their_time() -> None:
    work = Work(a=10_000, b=5, c=30)
    assert work.take(100) == ["a"]
    assert (work.of("b"), work.of("c")) == (5, 30)
    assert work.clock.now - NOW <= 101


def test_what_one_does_not_use_the_others_have() -> None:
    work = Work(a=60, b=1, c=1, d=1)
    assert work.take(100) == []


@pytest.mark.attack(15)
def test_the_regions_of_an_account_have_one_share_together() -> None:
    endless = {f"a{region}": 10_000 for region in range(9)}
    work = Work(**endless, b=45)
    assert "b" not in work.take(100)


@pytest.mark.attack(15)
@pytest.mark.parametrize("regions", [1, 30])
def test_an_account_of_many_regions_takes_no_more_of_each_round(regions: int) -> None:
    """A hundred others need nearly all the time, whatever is the least time of a turn."""
    work = Work(**{f"a{region}": 10_000 for region in range(regions)})
    others = {(f"other-{number}", ""): 5 for number in range(100)}
    work.steps |= others
    left = TimeShares(540, work.clock).take({where: work.of_region(where) for where in work.steps})
    assert {account for account, _ in left} == {"a"}


def test_a_region_without_a_turn_comes_first_in_the_next_round() -> None:
    """A step lasts longer than the share of a region."""
    work = Work(a1=3, a2=3, a3=3, b=3)
    assert TimeShares(1000, work.clock).take(
        {where: work.of_region(where, seconds=400) for where in work.steps}
    ) == [("a", "3"), ("a", "1"), ("a", "2"), ("b", "")]


def test_whoever_is_put_off_comes_after_all_others() -> None:
    work = Work(a=1, b=30, c=1)
    work.put_off = {("a", "")}
    assert work.take(100) == []
    assert work.done[-1] == ("a", "")
    assert Work(a=1).take(0) == ["a"]


@pytest.mark.attack(15)
def test_an_account_may_use_its_share_and_no_more() -> None:
    clock = Clock()
    allowance = Allowance(20, 4, clock)

    def act() -> None:
        clock.now += 1

    assert [allowance.use("a", act) for _ in range(7)] == [True] * 5 + [False] * 2
    assert [allowance.use(name, act) for name in "bcd" for _ in range(5)] == [True] * 15
    assert not allowance.use("e", act)


def test_who_lets_others_go_first_has_a_share_beside_an_endless_account() -> None:
    """Another account was silent in this region, so all others there are put off."""
    work = Work(a=10_000, b=5, c=5)
    work.put_off = {("b", ""), ("c", "")}
    assert work.take(100) == ["a"]
    assert (work.of("b"), work.of("c")) == (5, 5)
