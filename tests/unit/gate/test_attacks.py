"""Ways to have an image start that the gate has not admitted: each one is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from image_scan.errors import AwsUnavailable
from tests.support.builders import HOST, NOW, REGION
from tests.support.fake_services import DAY
from tests.unit.gate.conftest import APP, details

if TYPE_CHECKING:
    from tests.unit.gate.conftest import World

AGENT = "public.ecr.aws/datadog/agent"
RAN, OTHER = f"sha256:{'e' * 64}", f"sha256:{'f' * 64}"
BEYOND = "9999-12-31T23:59:59-23:59"  # UTC has a year 10000 for it, and Python has none
BEFORE = "0001-01-01T00:00:00+23:59"


@pytest.mark.parametrize("asked_at", [BEYOND, BEFORE, "2026-02-02T03:00:00+00:00"])
def test_details_that_say_that_a_scan_was_asked_for(world: World, asked_at: str) -> None:
    """Such a scan would not be asked for, and a time that is none would end the waiting."""
    world.set(on_undecided="allow")
    digest = world.ecr.push("shop/app", "1")
    event = world.ecs.deploy({"app": APP})
    event["hookDetails"] = {"imageScanGate": {"asked": [digest], "askedAt": asked_at}}
    answer = world.answer(event)
    assert (answer["hookStatus"], len(world.asked)) == ("IN_PROGRESS", 1)


@pytest.mark.parametrize("time", [BEYOND, BEFORE, "2020-01-01T00:00:00+00:00"])
def test_details_while_aws_does_not_answer(world: World, time: str) -> None:
    """When the deployment began is not known then, so no deadline ends the waiting: ECS does."""
    world.set(on_undecided="allow")
    event = world.ecs.deploy({"app": APP})
    world.ecs.trouble["DescribeServiceRevisions"] = AwsUnavailable("ecs: ThrottlingException")
    forged = {"stage": "PRE_SCALE_UP", "deadline": time, "askedAt": time}
    answer = world.answer({**event, "hookDetails": {"imageScanGate": forged}})
    assert answer["hookStatus"] == "IN_PROGRESS"


def test_two_images_of_one_name_outside_of_ecr(world: World) -> None:
    """One of them ran in the service. The inventory knows both by the same name."""
    world.ecs.deploy({"a": f"{AGENT}@{RAN}"}, status="SUCCESSFUL", digests={"a": RAN})
    for first, second in ((RAN, OTHER), (OTHER, RAN)):
        event = world.ecs.deploy({"a": f"{AGENT}@{first}", "b": f"{AGENT}@{second}"})
        assert world.answer(event)["hookStatus"] == "FAILED"
    tagged = world.ecs.deploy({"a": f"{AGENT}@{RAN}", "b": f"{AGENT}:7"}, digests={"a": RAN})
    assert world.answer(tagged)["hookStatus"] == "FAILED"


def test_an_image_of_our_own_account_in_a_region_that_is_not_enabled(world: World) -> None:
    """No scan is asked for, and nobody waits for one."""
    event = world.ecs.deploy({"app": APP.replace(REGION, "me-south-1")})
    assert world.answer(event)["hookStatus"] == "FAILED"
    assert world.asked == []
    assert "not enabled for its account" in str(world.announced)


def test_an_image_that_ecr_does_not_answer_for_hides_no_other(world: World) -> None:
    """With on_undecided = "allow", the blocked image would start at the deadline."""
    from botocore.exceptions import EndpointConnectionError  # noqa: PLC0415

    world.set(on_undecided="allow")
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS")
    world.ecr.troubles["shop/slow"] = EndpointConnectionError(endpoint_url="https://ecr")
    event = world.ecs.deploy({"app": APP, "slow": f"{HOST}/shop/slow:1"})
    assert world.answer(event)["hookStatus"] == "FAILED"


def test_an_image_outside_of_ecr_is_not_looked_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role of the gate may read keys of images that ECR confirms, and no others: a refusal
    would be an error of the whole gate."""
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS")
    read, asked = world.table.get, []

    def get(key: str) -> Any:
        asked.append(key)
        return read(key)

    monkeypatch.setattr(world.table, "get", get)
    world.answer(world.ecs.deploy({"app": APP, "agent": f"{AGENT}:7", "gone": f"{HOST}/gone:1"}))
    assert [*asked] == [digest, f"findings#{digest}"]


def test_no_task_has_pulled_the_tag_yet(world: World) -> None:
    """A service of no tasks, or one whose digests ECS does not say. A task that starts later pulls
    what the tag names then, and no deployment comes with it."""
    digest = world.ecr.push("shop/app", "1")
    world.know(digest)
    world.ecs.deploy({"app": APP}, at=NOW - DAY, status="SUCCESSFUL", digests={"app": digest})
    event = world.ecs.deploy({"app": APP})
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"
    late = world.answer({**event, "lifecycleStage": "POST_SCALE_UP"})
    assert (late["hookStatus"], details(late)["decision"]) == ("FAILED", "undecided")
    assert details(late)["reasons"] == [f"{APP}: ECS does not say which digest it has pulled"]
    pinned = world.ecs.deploy({"app": f"{HOST}/shop/app@{digest}"})
    assert world.answer({**pinned, "lifecycleStage": "POST_SCALE_UP"})["hookStatus"] == "SUCCEEDED"


def test_the_tag_is_pulled_again_for_each_task(world: World) -> None:
    digest = world.ecr.push("shop/app", "1")
    world.know(digest)
    loose = world.answer(world.ecs.deploy({"app": APP}, versionConsistency="disabled"))
    assert (loose["hookStatus"], details(loose)["decision"]) == ("FAILED", "undecided")
    assert "versionConsistency is disabled" in details(loose)["reasons"][0]
    pinned = {"app": f"{HOST}/shop/app@{digest}"}
    event = world.ecs.deploy(pinned, versionConsistency="disabled")
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("launch", "architecture", "status"),
    [
        ("FARGATE", "", "SUCCEEDED"),  # its default is X86_64
        ("EC2", "X86_64", "SUCCEEDED"),
        ("EC2", "", "FAILED"),
        ("EXTERNAL", "", "FAILED"),
    ],
)
def test_the_verdict_is_of_another_platform(
    world: World, launch: str, architecture: str, status: str
) -> None:
    """An index, and instances of either processor: which image runs is not known."""
    intel, arm = (world.ecr.push("shop/app", config=each * 64) for each in "ab")
    index = world.ecr.push_index("shop/app", "1", (intel, "linux/amd64"), (arm, "linux/arm64"))
    world.know(index)
    event = world.ecs.deploy({"app": APP}, launch=launch, architecture=architecture)
    assert world.answer(event)["hookStatus"] == status


def test_an_image_of_one_platform_needs_no_stated_one(world: World) -> None:
    world.know(world.ecr.push("shop/app", "1"))
    event = world.ecs.deploy({"app": APP}, launch="EC2", architecture="")
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"


def test_deployments_that_are_too_many_to_list_admit_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment that is not listed may be one that is not over."""
    monkeypatch.setattr("image_scan.gate.services._MOST_PAGES", 1)
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS")
    for _ in range(2):
        world.ecs.deploy({"app": f"{HOST}/shop/app:2"}, at=NOW - DAY, status="STOPPED")
    world.ecs.deploy({"app": APP}, status="IN_PROGRESS", digests={"app": digest})
    event = world.ecs.deploy({"app": APP}, running=[[*world.ecs.revisions][-1]])
    assert world.answer(event)["hookStatus"] == "FAILED"
