"""Repositories are asked each for itself, and within the function's time."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ConnectTimeoutError

from image_scan.aws import clients
from image_scan.aws.cross_account import Registry
from image_scan.ecr import asking, repositories
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

    def __call__(self, address: tuple[str, str, str], _require_time: object) -> str:
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


@pytest.mark.attack(4)
def test_a_hundred_dead_regions_take_no_more_time_than_the_function_has(clock: Clock) -> None:
    world, began = World(clock), clock.now
    world.seconds = 5.0  # both tries, as long as a connection may take, and the pause between
    dead = [f"us-east-{number}/side{number}" for number in range(100, 200)]
    answers = world.each(*dead, "us-east-1/app")
    assert answers["app"] == "app"
    assert all(isinstance(answers[address.split("/")[1]], Unanswered) for address in dead)
    assert clock.now - began <= asking.SECONDS + world.seconds


class Slow:
    """ECR and STS of which each call takes its time. It counts them all.

    The repository `side` holds untagged images, and more indexes than are listed: a question about
    it makes a call for each page, and one for each image. `hangs`: the call that is never answered.
    """

    def __init__(self, clock: Clock, seconds: float, hangs: int = 0) -> None:
        self.clock, self.seconds, self.hangs = clock, seconds, hangs
        self.calls: list[str] = []

    def registry_of(self, _account: str, _region: str) -> Registry:
        with clients.calls("sts:AssumeRole"):
            self.take("AssumeRole", "side" if self.calls == [] else "app")
        return Registry(cast("Any", self), "", ours=True)

    def take(self, call: str, repository: str) -> None:
        self.calls.append(f"{repository} {call}")
        if repository == "side" and len(self.calls) == self.hangs:
            self.clock.now += asking.CALL_SECONDS
            raise ConnectTimeoutError(endpoint_url="https://slow")
        self.clock.now += self.seconds if repository == "side" else 0.1

    def batch_get_image(self, **asked: Any) -> dict[str, Any]:
        self.take("BatchGetImage", name := asked["repositoryName"])
        found = []
        for each in asked["imageIds"]:
            digest = each.get("imageDigest") or f"sha256:{'a' * 64}"
            manifests = [{"digest": f"sha256:{'b' * 64}", "platform": {"os": "linux"}}]
            is_index = name == "side" and digest.endswith(tuple("0123456789"))
            body = {"manifests": manifests} if is_index else {"config": {"digest": "sha256:c"}}
            key = {**each, "imageDigest": digest}
            found.append({"imageId": key, "imageManifest": json.dumps(body)})
        return {"images": found}

    def describe_images(self, **asked: Any) -> dict[str, Any]:
        self.take("DescribeImages", asked["repositoryName"])
        pushed = datetime(2026, 1, 1, tzinfo=UTC)
        if "imageIds" in asked:
            return {"imageDetails": [{**one, "imagePushedAt": pushed} for one in asked["imageIds"]]}
        index = "application/vnd.oci.image.index.v1+json"
        one = {"imageManifestMediaType": index, "imageTags": ["v"], "imagePushedAt": pushed}
        return {"imageDetails": [{**one, "imageDigest": f"sha256:{'0' * 64}"}], "nextToken": "1"}


def slow_and_app(clock: Clock, seconds: float, hangs: int = 0) -> tuple[Slow, Any, float]:
    """Asks a slow repository for forty untagged digests, and one of another region for a tag."""
    slow, began = Slow(clock, seconds, hangs), clock.now
    side, app = ("1" * 12, "eu-west-1", "side"), ("1" * 12, "us-east-1", "app")
    wanted = {side: [f"sha256:{number:064x}" for number in range(40)], app: ["v1"]}
    read = repositories.read(wanted, slow.registry_of, clock, slow_sleep(clock))
    return slow, read[app], clock.now - began


def slow_sleep(clock: Clock) -> Any:
    def sleep(seconds: float) -> None:
        clock.now += seconds

    return sleep


def function_seconds() -> int:
    found = re.search(r"parse_event = \{ timeout = (\d+)", FUNCTIONS.read_text())
    assert found
    return int(found[1])


@pytest.mark.attack(4)
@pytest.mark.parametrize("seconds", [0.2, 0.5, 1, 2, 3.9, 4, 5.9, 8, 10.9])
def test_a_repository_of_slow_answers_takes_no_time_of_its_sibling(
    clock: Clock, seconds: float
) -> None:
    slow, app, took = slow_and_app(clock, seconds)
    assert app.manifests, slow.calls
    assert app.unread == ""
    assert took <= asking.SECONDS + asking.CALL_SECONDS < function_seconds()


@pytest.mark.attack(4)
@pytest.mark.parametrize("seconds", [0.1, 1, 2, 3.9, 5.9])
@pytest.mark.parametrize("hangs", [1, 2, 3, 4, 6, 10, 12, 30])
def test_nor_does_any_call_that_is_never_answered(clock: Clock, seconds: float, hangs: int) -> None:
    slow, app, took = slow_and_app(clock, seconds, hangs)
    assert app.manifests, slow.calls
    assert took <= asking.SECONDS + asking.CALL_SECONDS < function_seconds()


def test_two_that_need_longer_than_their_turn_are_both_read_in_the_end(clock: Clock) -> None:
    addresses = [("1" * 12, "us-east-1", name) for name in ("app", "side")]

    def ask(_: Any, require_time: Any) -> str:
        for _call in range(6):
            require_time()
            clock.now += 1
        return "read"

    read = set()
    for later in range(4):
        answers = asking.each(addresses, ask, clock, slow_sleep(clock))
        read |= {address for address, answer in answers.items() if answer == "read"}
        clock.now += later
    assert read == {*addresses}


def test_a_question_makes_many_calls_and_each_is_counted(clock: Clock) -> None:
    """If ECR is fast, all of them are made, and the question is answered."""
    slow, _, took = slow_and_app(clock, 0.01)
    calls = [each for each in slow.calls if each.startswith("side")]
    assert len(calls) > 40
    assert took < 2


@pytest.mark.parametrize("service", ["ecr", "sts"])
def test_one_call_takes_no_longer_than_is_counted(service: str) -> None:
    client: Any = clients._CONFIGS[service]  # the stubs know no option of a Config as attribute
    tries = client.retries["total_max_attempts"]
    longest = tries * (client.connect_timeout + client.read_timeout) + (tries - 1)
    assert longest <= asking.CALL_SECONDS


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
