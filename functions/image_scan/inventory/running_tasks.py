"""What runs now in an account's region, as ECS lists it, in the words of its task events.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from image_scan.aws import clients
from image_scan.events.task_state import TASK_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ecs import ECSClient

Json = dict[str, Any]

_BATCH = 100  # tasks in one DescribeTasks call
# Nothing else of a task is passed on: its overrides carry environment values.
_DETAIL = (
    "taskArn",
    "clusterArn",
    "taskDefinitionArn",
    "group",
    "lastStatus",
    "desiredStatus",
    "attributes",
    "platformFamily",
)
_CONTAINER = ("name", "image", "imageDigest")


def events(ecs: ECSClient, account_id: str, region: str, time: str) -> Iterator[Json]:
    """An event for each running task, as if it had started at `time`.

    Raises AwsUnavailable, and AwsRejected where the account does not let us list.
    """
    for task in _running(ecs):
        detail = {name: task[name] for name in _DETAIL if name in task}
        detail["containers"] = [
            {name: each[name] for name in _CONTAINER if name in each}
            for each in task.get("containers", [])
        ]
        yield {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{task['taskArn']} {time}")),
            "source": "aws.ecs",
            "reconciled": True,
            "detail-type": TASK_STATE,
            "account": account_id,
            "region": region,
            "time": time,
            "detail": detail,
        }


def _running(ecs: ECSClient) -> Iterator[Json]:
    for cluster in _listed(ecs, "list_clusters", "clusterArns"):
        arns = list(_listed(ecs, "list_tasks", "taskArns", cluster=cluster))
        for start in range(0, len(arns), _BATCH):
            with clients.calls("ecs:DescribeTasks"):
                answer = ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + _BATCH])
            for task in answer["tasks"]:
                if task.get("lastStatus") == task.get("desiredStatus") == "RUNNING":
                    yield dict(task)


def _listed(ecs: ECSClient, operation: str, name: str, **arguments: str) -> Iterator[str]:
    with clients.calls(f"ecs:{operation.title().replace('_', '')}"):
        pages = ecs.get_paginator(operation).paginate(**arguments)  # type: ignore[call-overload]
        for page in pages:
            yield from page[name]
