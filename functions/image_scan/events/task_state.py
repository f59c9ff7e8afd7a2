"""Reads `ECS Task State Change`, which ECS sends for every task, even without a trail. Pure.

It shows tasks that no API call starts: those of rollbacks and of CodeDeploy. Contents:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
A container has an `imageDigest` once its image was pulled. For a multi-platform image, it is the
digest of the index. Agents that ECS adds by itself, such as GuardDuty's, have no `image` and do not
count.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from image_scan.contracts import Deployment, TaskState
from image_scan.ecr.references import SHA256
from image_scan.errors import MalformedEvent
from image_scan.events.api_calls import EcsEvent, named
from image_scan.events.fields import mapping, text

TASK_STATE = "ECS Task State Change"


def parse(event: Mapping[str, Any]) -> EcsEvent:
    """Reads what a task runs or has run. Raises MalformedEvent if it does not say what or where."""
    detail = mapping(event.get("detail"))
    base = EcsEvent(_deployment(event, detail))
    status, desired = text(detail, "lastStatus"), text(detail, "desiredStatus")
    if status not in ("RUNNING", "STOPPED"):
        return replace(base, skipped=f"the task is {status:.40}")
    if status == "RUNNING" and desired != "RUNNING":
        return replace(base, skipped="the task is RUNNING, but will stop")
    arn = text(detail, "taskArn") or _first_resource(event)
    if not (base.deployment["account"] and base.deployment["region"] and arn):
        raise MalformedEvent("the event names no account, region and task")
    state = TaskState(arn=arn, stopped=status == "STOPPED")
    if event.get("reconciled") is True:
        state["reconciled"] = True
        old = mapping(event.get("rescan")).items()
        state["rescan"] = {key: each for key, each in old if isinstance(each, int)}
    base = replace(base, task=state)
    listed = detail.get("containers")
    found = [mapping(each) for each in (listed if isinstance(listed, list) else [])]
    digests = {
        text(each, "name"): text(each, "imageDigest")
        for each in found
        if SHA256.fullmatch(text(each, "imageDigest"))
    }
    if containers := named(listed):
        return replace(base, containers=containers, digests=digests)
    definition = text(detail, "taskDefinitionArn")
    if not definition:
        raise MalformedEvent("the event names neither images nor a task definition")
    return replace(base, task_definition=definition, digests=digests)


def _first_resource(event: Mapping[str, Any]) -> str:
    """Returns the task's ARN from the envelope of the event."""
    resources = event.get("resources")
    first = resources[0] if isinstance(resources, list) and resources else ""
    arn = text({"arn": first}, "arn")
    return arn if ":task/" in arn else ""


def _deployment(event: Mapping[str, Any], detail: Mapping[str, Any]) -> Deployment:
    group = text(detail, "group")
    # Whoever runs a task may give it any group. Of a service, ECS names the deployment as well.
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
    started_by = text(detail, "startedBy")
    is_of_service = group.startswith("service:") and started_by.startswith("ecs-svc/")
    return Deployment(
        event_id=text(event, "id"),
        event_name=TASK_STATE,
        event_time=text(event, "time"),
        account=text(event, "account"),
        region=text(event, "region"),
        cluster=text(detail, "clusterArn").rsplit("/", 1)[-1],
        service=group.removeprefix("service:") if is_of_service else "",
        task_definition=text(detail, "taskDefinitionArn"),
        principal="",
    )
