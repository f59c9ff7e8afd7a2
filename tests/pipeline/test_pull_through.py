"""A pull-through cache: its repository comes with the first pull, after the call that deploys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.builders import ACCOUNT, HOST, REGION
from tests.support.pipeline import verdict

if TYPE_CHECKING:
    from tests.support.pipeline import Pipeline

REPOSITORY = "docker-hub/library/nginx"
URI = f"{HOST}/{REPOSITORY}:1.27"


def start(pipeline: Pipeline, digest: str) -> None:
    """The task of `pipeline.event` runs what it has pulled."""
    event: dict[str, Any] = pipeline.event(URI)
    (task,) = event["detail"]["responseElements"]["tasks"]
    (container,) = task["containers"]
    event |= {"detail-type": "ECS Task State Change", "time": "2026-03-02T08:15:42Z"}
    event["detail"] = {
        **task,
        "containers": [{**container, "imageDigest": digest}],
        "group": "family:web",
        "taskArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/1",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
    }
    run = pipeline.intake(event)
    assert run.status == "SUCCEEDED", (run.error, run.cause)


def test_a_repository_that_does_not_exist_yet_is_judged_by_its_task(pipeline: Pipeline) -> None:
    pipeline.announce(URI)
    assert (pipeline.notifications(), pipeline.scans(), pipeline.items()) == ([], [], [])
    pipeline.find(5, key=REPOSITORY)
    start(pipeline, pipeline.push(REPOSITORY, "1.27", "b" * 64))
    assert [verdict(run) for run in pipeline.scans()] == ["FINDINGS"]
    (message,) = pipeline.notifications()
    assert message["image"]["repository"] == REPOSITORY


def test_a_task_whose_repository_is_gone_is_unscannable(pipeline: Pipeline) -> None:
    pipeline.announce(URI)
    start(pipeline, "sha256:" + "b" * 64)
    (message,) = pipeline.notifications()
    assert message["verdict"] == "UNSCANNABLE"
    assert message["reason"] == "not found in its ECR repository"
