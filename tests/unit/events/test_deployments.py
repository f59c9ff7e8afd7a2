"""From an event to its images, over ECS and ECR."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from image_scan import log
from image_scan.aws import clients
from image_scan.events import deployments
from tests.support import builders
from tests.support.builders import HOST, REGION
from tests.support.doubles import OneAccount

if TYPE_CHECKING:
    from image_scan.contracts import ParsedEvent
    from tests.support.fake_ecr import FakeEcr


def read(event: Any) -> ParsedEvent:
    account = OneAccount(
        lambda region: boto3.client("ecs", region_name=region),
        lambda region: clients.client("ecr", region),
    )
    return deployments.read(event, account)


def registration(*images: str) -> dict[str, Any]:
    event = builders.event("register_one_container")
    event["region"] = REGION
    event["detail"]["responseElements"]["taskDefinition"]["containerDefinitions"] = [
        {"name": f"c{number}", "image": image} for number, image in enumerate(images)
    ]
    return event


def test_the_images_that_the_event_names(ecr: FakeEcr) -> None:
    digest = ecr.push("app", "v1")
    parsed = read(registration(f"{HOST}/app:v1", f"{HOST}/app:v1"))
    assert parsed["event_id"] == parsed["deployment"]["event_id"]
    assert [(each["key"], each["containers"]) for each in parsed["images"]] == [
        (digest, ["c0", "c1"])
    ]
    assert parsed["skipped"] == ""


def test_a_queued_event_is_of_the_images_that_its_tags_then_named(ecr: FakeEcr) -> None:
    then = ecr.push("app", "v1")
    now = ecr.push("app", "v1", config="d" * 64)
    event = registration(f"{HOST}/app:v1", f"{HOST}/app:v1")
    found = read({**event, "resolved": {"c0": then}})["images"]
    assert {each["key"]: each["containers"] for each in found} == {then: ["c0"], now: ["c1"]}


@pytest.mark.parametrize(
    "resolved",
    [None, [], "c0", {"c0": None}, {"c0": 7}, {"c0": "latest"}, {"c1": "sha256:" + "a" * 64}],
)
def test_what_is_no_digest_of_a_container_says_nothing(ecr: FakeEcr, resolved: Any) -> None:
    digest = ecr.push("app", "v1")
    (found,) = read({**registration(f"{HOST}/app:v1"), "resolved": resolved})["images"]
    assert found["key"] == digest


def test_a_named_definition_is_described_in_the_region_of_the_event(
    cloud: None, ecr: FakeEcr
) -> None:
    digest = ecr.push("app", "v1")
    boto3.client("ecs", region_name="eu-west-1").register_task_definition(
        family="shop",
        containerDefinitions=[{"name": "web", "image": f"{HOST}/app:v1", "memory": 512}],
    )
    event = builders.event("update_service_new_definition")
    event["detail"]["responseElements"]["service"]["taskDefinition"] = "shop:1"
    (found,) = read(event)["images"]
    assert (found["key"], found["containers"]) == (digest, ["web"])


def test_images_of_other_registries_are_answered_for(ecr: FakeEcr) -> None:
    ecr.push("app", "v1")
    parsed = read(registration("nginx:1.27", f"{HOST}/app:v1", "nginx:1.27", "Not An Image"))
    found = {each["uri"]: each for each in parsed["images"]}
    assert found["nginx:1.27"]["containers"] == ["c0", "c2"]
    assert found["nginx:1.27"]["key"] == "other#nginx"
    assert found["nginx:1.27"]["unscannable"] == "not in a private Amazon ECR registry (docker.io)"
    assert found["Not An Image"]["unscannable"] == "not a valid image reference"
    assert found[f"{HOST}/app:v1"]["unscannable"] == ""


def test_a_skipped_event_has_no_images_and_says_why(
    cloud: None, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure()
    parsed = read(builders.event("update_service_scaling_only"))
    assert parsed["images"] == []
    assert parsed["skipped"] == "starts no deployment"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "{" in line]
    assert any(line.get("skipped") == parsed["skipped"] for line in lines)
    assert [line["Outcome"] for line in lines if "_aws" in line] == ["skipped"]
