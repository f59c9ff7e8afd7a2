"""Repositories are asked each for itself, and within the function's time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from image_scan.aws import clients
from image_scan.ecr import asking
from image_scan.ecr.asking import Unanswered
from image_scan.errors import AwsRejected, AwsUnavailable, ImageUnread
from tests.support import builders

if TYPE_CHECKING:
    from tests.support.doubles import Clock

FUNCTIONS = Path(__file__).parents[3] / "modules/workflow/functions.tf"


class World:
    """Regions that answer, and those that do not: each call there takes its time."""

    def __init__(self, clock: Clock, *dead: str) -> None:
        self.clock = clock
        self.dead = dead
        self.seconds = 1.0
        self.asked: list[str] = []
        self.failures: dict[str, list[Exception]] = {}

    def __call__(self, address: tuple[str, str, str]) -> str:
        region, name = address[1:]
        self.asked.append(f"{region}/{name}")
        if self.failures.get(name):
            raise self.failures[name].pop(0)
        if region in self.dead or region not in clients.regions():
            self.clock.now += self.seconds
            with clients.calls("ecr:BatchGetImage"):
                raise ConnectTimeoutError(endpoint_url="https://nowhere")
        return name

    def each(self, *addresss: str) -> dict[str, str | Unanswered]:
        named = [address.partition("/") for address in addresss]
        asked = [("1" * 12, region, name) for region, _, name in named]
        answers = asking.each(asked, self, self.clock, self.sleep)
        return {address[2]: answer for address, answer in answers.items()}

    def sleep(self, seconds: float) -> None:
        self.clock.now += seconds


def test_a_hundred_dead_regions_take_no_more_time_than_the_function_has(clock: Clock) -> None:
    world, began = World(clock), clock.now
    world.seconds = 5.0  # both tries, as long as a connection may take, and the pause between
    dead = [f"us-east-{number}/side{number}" for number in range(100, 200)]
    answers = world.each(*dead, "us-east-1/app")
    assert answers["app"] == "app"
    assert all(isinstance(answers[address.split("/")[1]], Unanswered) for address in dead)
    assert clock.now - began <= asking._SECONDS + world.seconds


def test_the_last_question_ends_before_the_function_does() -> None:
    client: Any = clients._CONFIGS["ecr"]  # the stubs know no option of a Config as attribute
    tries = client.retries["total_max_attempts"]
    longest = tries * (client.connect_timeout + client.read_timeout) + (tries - 1)
    found = re.search(r"parse_event = \{ timeout = (\d+)", FUNCTIONS.read_text())
    assert found
    assert asking._SECONDS + longest < int(found[1])


def test_known_regions_are_asked_before_those_that_nobody_knows(clock: Clock) -> None:
    world = World(clock)
    world.each("us-east-9/side", "eu-west-1/a", "us-east-1/b")
    assert world.asked == ["eu-west-1/a", "us-east-1/b", "us-east-9/side"]


def test_of_a_dead_region_one_repository_is_asked(clock: Clock) -> None:
    world = World(clock)
    answers = world.each("us-east-9/a", "us-east-9/b", "us-east-9/c")
    assert world.asked == ["us-east-9/a"]
    assert all(isinstance(each, Unanswered) and each.silent for each in answers.values())


def test_a_known_region_that_is_silent_is_asked_once_more_later(clock: Clock) -> None:
    world = World(clock, "eu-west-1")
    answers = world.each("eu-west-1/a", "eu-west-1/b", "us-east-1/c")
    assert world.asked == ["eu-west-1/a", "us-east-1/c", "eu-west-1/a"]
    assert answers["c"] == "c"
    assert isinstance(answers["a"], Unanswered)


def test_what_fails_once_is_answered_the_second_time(clock: Clock) -> None:
    world = World(clock)
    world.failures["a"] = [AwsUnavailable("ecr:BatchGetImage: ThrottlingException")]
    assert world.each("us-east-1/a", "us-east-1/b") == {"a": "a", "b": "b"}


def test_a_refusal_is_not_asked_again(clock: Clock) -> None:
    world = World(clock)
    world.failures["a"] = [AwsRejected("sts:AssumeRole: AccessDenied")]
    assert world.each("us-east-1/a") == {"a": Unanswered("sts:AssumeRole: AccessDenied")}


def test_an_image_without_an_answer_keeps_its_event() -> None:
    asking.require_answer(builders.image())
    with pytest.raises(ImageUnread, match=re.escape("ecr:BatchGetImage: ServerException")):
        asking.require_answer(builders.image(unread="ecr:BatchGetImage: ServerException"))
