"""What no deployment of ours would send: a verdict, a skip or a queued event, and never silence."""

import json
from typing import Any

import pytest

from sandbox.installation import Installation

from .conftest import Workload


def start(installation: Installation, event: Any) -> dict[str, Any]:
    """The intake's execution of one event."""
    before = {each["executionArn"] for each in installation.intakes()}
    installation.client("stepfunctions").start_execution(
        stateMachineArn=installation.outputs["intake_state_machine_arn"], input=json.dumps(event)
    )
    installation.wait_until_idle()
    (new,) = [each for each in installation.intakes() if each["executionArn"] not in before]
    return new


def call(**detail: Any) -> dict[str, Any]:
    return {
        "id": "11111111-2222-3333-4444-555555555555",
        "source": "aws.ecs",
        "detail-type": "AWS API Call via CloudTrail",
        "account": "111111111111",
        "region": "us-east-1",
        "detail": {"eventSource": "ecs.amazonaws.com", **detail},
    }


def test_what_cannot_be_read_is_queued_whole(
    installation: Installation, workload: Workload
) -> None:
    event = ["list"]
    assert start(installation, event)["status"] == "FAILED"
    (waiting,) = installation.failed_events()
    assert (waiting["body"], waiting["error"]) == (event, "MalformedEvent")


@pytest.mark.attack(4)
def test_a_hundred_containers_of_every_kind_lose_none_of_their_siblings(
    installation: Installation, workload: Workload
) -> None:
    account = "111111111111"
    odd = [
        "nginx",
        "public.ecr.aws/docker/library/redis:7",
        f"{account}.dkr.ecr.cn-north-1.amazonaws.com.cn/team/app:1",
        f"{account}.dkr.ecr-fips.us-gov-west-1.amazonaws.com/team/app:1",
        f"{account}.dkr-ecr.us-east-1.on.aws/{workload.pushed.repository}:1",
        "localhost:5000/app:1",
        "UPPER/Case:1",
        "${IMAGE}",
        "a" * 3000,
        "line\nbreak",
        f"{account}.dkr.ecr.us-east-1.amazonaws.com/team/none@sha256:{'0' * 64}",
    ]
    images = [*odd, *(f"docker.io/library/filler:{n}" for n in range(100 - len(odd) - 1))]
    images.append(workload.pushed.by_tag)
    containers = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    tasks = [{"taskDefinitionArn": "arn:aws:ecs:x:1:task-definition/x:1", "containers": containers}]
    event = call(eventName="RunTask", responseElements={"tasks": tasks})
    assert len(containers) == 100
    execution = start(installation, event)
    assert execution["status"] == "SUCCEEDED", execution
    assert workload.verdict()["status"] == "CLEAN"
    notified = {row["uri"]: row.get("notified_as", "") for row in installation.inventory()}
    for image in ("nginx", "localhost:5000/app:1", "UPPER/Case:1", "${IMAGE}", "line\\nbreak"):
        assert notified[image].startswith("UNSCANNABLE ")
    # Both references name one image: one scan.
    assert len(workload.scans()) == 1
