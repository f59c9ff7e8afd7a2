"""What ran in an account that has left is over when an operator says so, and not before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.inventory.current import current
from image_scan.inventory.departed import forget
from tests.support.builders import ACCOUNT, HOST, REGION, scan_input
from tests.unit.inventory.test_reconciliation import DAY, DIGESTS, HOUR, MEMBER, Slow, World, app

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support.doubles import Clock

Json = dict[str, Any]
THERE = f"{MEMBER}#{REGION}"


@pytest.fixture
def world(dynamodb: DynamoDBClient, clock: Clock) -> World:
    """A member runs an image, and so do we."""
    world = World(dynamodb, clock)
    world.ecs[ACCOUNT].run(1, app())
    world.ecs[MEMBER].run(1, app(1))
    seen(world)
    world.run()
    world.handle()
    clock.now += 2 * HOUR
    assert world.run()["running_images"] == 2
    world.ecs[MEMBER].refuses = True
    return world


def seen(world: World) -> None:
    """An event of that account comes in."""
    world.clock.now += HOUR
    time = datetime.fromtimestamp(world.clock(), UTC).isoformat()
    world.core.handle(scan_input("back", account=MEMBER, service="seen", event_time=time))


def forgotten(world: World, *asked: str) -> list[str]:
    return forget(asked or (THERE,), ACCOUNT, world.accounts, world.core.inventory)


def rows(world: World, account: str) -> list[Json]:
    return [row for row in world.core.rows.notified() if row["workload"].startswith(account)]


@pytest.mark.attack(15)
def test_an_account_that_answers_without_end_is_not_forgotten(world: World) -> None:
    world.ecs[MEMBER] = slow = Slow()
    assert forgotten(world) == []
    assert slow.calls < 200


def test_without_a_word_it_runs_for_ever(world: World) -> None:
    for _ in range(40):
        world.clock.now += DAY
        assert world.run()["unreadable"].keys() == {THERE}
    assert "running" in {row["state"] for row in rows(world, MEMBER)}


def test_what_is_forgotten_is_over_at_once_and_is_not_asked_again(world: World) -> None:
    assert forgotten(world) == [THERE]
    assert {row["state"] for row in rows(world, MEMBER)} == {"stopped"}
    everything = list(world.core.rows.notified())
    here = current(everything, world.clock())
    assert {row["workload"].split("#")[0] for row in here} == {ACCOUNT}
    for _ in range(3):
        found = world.run()
        assert (found["unreadable"], found["running_images"], found["silent"]) == ({}, 1, [])
        world.clock.now += DAY
    assert forgotten(world) == [THERE], "as often as anybody likes"


def test_an_account_that_answers_is_not_forgotten(world: World) -> None:
    world.ecs[MEMBER].refuses = False
    before = rows(world, MEMBER)
    assert forgotten(world) == []
    assert rows(world, MEMBER) == before


def test_our_own_account_is_not_forgotten(world: World) -> None:
    world.ecs[ACCOUNT].refuses = True
    assert forgotten(world, f"{ACCOUNT}#{REGION}", f"{ACCOUNT}#eu-west-1") == []
    assert "running" in {row["state"] for row in rows(world, ACCOUNT)}


def test_nothing_of_another_region_is_closed(world: World) -> None:
    assert forgotten(world, f"{MEMBER}#eu-west-1") == [f"{MEMBER}#eu-west-1"]
    assert world.run()["unreadable"].keys() == {THERE}


def test_once_anything_is_seen_there_it_is_asked_again(world: World) -> None:
    forgotten(world)
    seen(world)
    assert world.run()["unreadable"].keys() == {THERE}
    world.ecs[MEMBER].refuses = False
    found = world.run()
    assert (found["unreadable"], found["running_images"]) == ({}, 2), "also what sent no event"
    world.handle()
    states = {row["digest"]: row["state"] for row in rows(world, MEMBER)}
    assert states[DIGESTS[1]] == "running"


def test_a_row_that_comes_back_and_stops_is_forgotten_no_more(world: World) -> None:
    """The mark is of one end, and not of the next one."""
    forgotten(world)
    world.ecs[MEMBER].refuses = False
    seen(world)
    world.run()
    world.handle()
    world.clock.now += 2 * HOUR
    world.ecs[MEMBER].tasks.clear()
    world.run()
    assert {row["state"] for row in rows(world, MEMBER)} == {"stopped"}
    world.ecs[MEMBER].run(9, {**app(2), "image": f"{HOST}/shop/app:9"})
    assert world.run()["running_images"] == 2
