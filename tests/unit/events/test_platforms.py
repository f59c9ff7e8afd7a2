"""What events say of the platform that their tasks run on."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.events import deployments, platforms
from tests.support import builders

GRAVITON = {"attributes": [{"name": "ecs.cpu-architecture", "value": "arm64"}]}


def task(**stated: Any) -> dict[str, Any]:
    event = builders.event("task_running_by_tag")
    event["detail"].update(stated)
    return event


@pytest.mark.parametrize(
    ("stated", "platform"),
    [
        (GRAVITON, "linux/arm64"),
        ({"attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}]}, "linux/amd64"),
        ({"platformFamily": "Linux", **GRAVITON}, "linux/arm64"),
        ({"platformFamily": "Windows_Server_2022_Core"}, "windows/amd64"),
        ({"attributes": [{"name": "ecs.os-type", "value": "windows"}]}, "windows/amd64"),
        ({"attributes": [{"name": "ecs.cpu-architecture", "value": "riscv64"}]}, ""),
        ({"attributes": "none"}, None),
        ({"attributes": [None, {"name": 7}]}, None),
        ({}, None),
    ],
)
def test_a_task_says_by_its_attributes(stated: dict[str, Any], platform: str | None) -> None:
    assert platforms.of_event(task(**stated)) == platform


def test_a_call_and_the_task_that_it_starts_say_the_same() -> None:
    """Else one deployment would be scanned twice, under two keys."""
    ran = builders.event("run_task")
    ran["detail"]["responseElements"]["tasks"][0].update(GRAVITON)
    registered = builders.event("register_one_container")
    definition = registered["detail"]["responseElements"]["taskDefinition"]
    definition["runtimePlatform"] = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    stated = {platforms.of_event(each) for each in (ran, registered, task(**GRAVITON))}
    assert stated == {"linux/arm64"}


def test_a_registration_without_an_answer_says_what_was_asked_for() -> None:
    event = builders.event("register_omitted_answer")
    event["detail"]["requestParameters"]["runtimePlatform"] = {"cpuArchitecture": "ARM64"}
    assert platforms.of_event(event) == "linux/arm64"


def test_an_express_service_says_its_architecture_by_request_or_answer() -> None:
    event = builders.event("create_express_service")
    assert platforms.of_event(event) is None
    (answered,) = event["detail"]["responseElements"]["service"]["activeConfigurations"]
    answered["cpuArchitecture"] = "ARM64"
    assert platforms.of_event(event) == "linux/arm64"
    event["detail"]["requestParameters"]["cpuArchitecture"] = "X86_64"
    assert platforms.of_event(event) == "linux/amd64"


def test_a_service_is_of_the_platform_of_its_definition() -> None:
    assert platforms.of_event(builders.event("create_service")) is None


@pytest.mark.parametrize(
    ("stated", "platform"),
    [("linux/arm64", "linux/arm64"), ("", ""), ("amiga", None), (None, None), (7, None)],
)
def test_a_scan_request_names_its_platform(stated: Any, platform: str | None) -> None:
    event = builders.event("scan_request")
    event["detail"]["platform"] = stated
    assert platforms.of_event(event) == platform


@pytest.mark.parametrize("event", [None, [], {}, {"detail": None}, {"detail": {"platform": []}}])
def test_any_event_may_say_nothing(event: Any) -> None:
    assert platforms.of_event(event) is None


def test_it_is_read_beside_what_the_event_deploys() -> None:
    assert deployments.parse(task(**GRAVITON)).platform == "linux/arm64"


@pytest.mark.parametrize(
    ("version", "platform"), [("1.0.0", "windows/amd64"), ("1.4.0", "linux/amd64")]
)
def test_a_task_on_fargate_is_of_windows_by_its_platform_version(
    version: str, platform: str
) -> None:
    """Its event names no operating system; the call that deploys it does, by its definition."""
    x86 = {"attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}]}
    assert platforms.of_event(task(platformVersion=version, **x86)) == platform
