"""What runs now in an account's region, as ECS lists it, in the words of its task events.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable
from image_scan.events import deployments
from image_scan.events.scoping import Scoping
from image_scan.events.task_state import TASK_STATE
from image_scan.inventory.shares import LATER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ecs import ECSClient

    from image_scan.aws.cross_account import Accounts
    from image_scan.contracts import ScanInput
    from image_scan.events.scope import Scope

Json = dict[str, Any]

_BATCH = 100  # tasks in one DescribeTasks call
# Nothing else of a task is passed on: its overrides carry environment values.
_DETAIL = (
    "taskArn",
    "clusterArn",
    "taskDefinitionArn",
    "group",
    "startedBy",
    "lastStatus",
    "desiredStatus",
    "attributes",
    "platformFamily",
)
_CONTAINER = ("name", "image", "imageDigest")


class NoAnswerError(Exception):
    """An account does not answer. What else is unavailable is an error of another class."""


class Started(NamedTuple):
    """A running task: the event of its start, and its images."""

    event: Json
    tasks: list[ScanInput]


class RunningTasks:
    """Lists what runs, as if it had started at `time`."""

    def __init__(self, accounts: Accounts, scope: Scope, time: str) -> None:
        self._accounts = accounts
        self._scoping = Scoping(scope, accounts)
        self._time = time
        self._without_answer: set[str] = set()  # regions

    def at(self, account_id: str, region: str) -> Iterator[Started | object]:
        """Yields running tasks, and something else where a listing shows none, so that the caller
        may stop in between: LATER in a region that has not answered another account.

        Raises NoAnswerError, and AwsRejected where the account does not let us list.
        """
        if region in self._without_answer:
            yield LATER  # a call that is not answered lasts for half a minute
        try:
            for event in events(
                self._accounts.ecs(account_id, region), account_id, region, self._time
            ):
                if event is None:
                    yield None
                else:
                    tasks = deployments.running(event, self._accounts, self._scoping)
                    yield Started(event, tasks)
        except AwsUnavailable as error:
            if clients.is_silent(error):
                self._without_answer.add(region)
            raise NoAnswerError(str(error)) from error


def events(ecs: ECSClient, account_id: str, region: str, time: str) -> Iterator[Json | None]:
    """An event for each running task, as if it had started at `time`; None after a listing that
    shows none, so that the caller can stop in between.

    Raises AwsUnavailable, and AwsRejected where the account does not let us list.
    """
    for task in _running(ecs):
        if task is None:
            yield None
            continue
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


def _running(ecs: ECSClient) -> Iterator[Json | None]:
    for clusters in _pages(ecs, "list_clusters", "clusterArns"):
        yield None
        for cluster in clusters:
            try:
                yield from _of_cluster(ecs, cluster)
            except AwsRejected as error:
                # It was deleted meanwhile.
                if ": ClusterNotFoundException" not in str(error):
                    raise


def _of_cluster(ecs: ECSClient, cluster: str) -> Iterator[Json | None]:
    for arns in _pages(ecs, "list_tasks", "taskArns", cluster=cluster):
        yield None
        for start in range(0, len(arns), _BATCH):
            with clients.calls("ecs:DescribeTasks"):
                answer = ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + _BATCH])
            for task in answer["tasks"]:
                if task.get("lastStatus") == task.get("desiredStatus") == "RUNNING":
                    yield dict(task)


def _pages(ecs: ECSClient, operation: str, name: str, **arguments: str) -> Iterator[list[str]]:
    with clients.calls(f"ecs:{operation.title().replace('_', '')}"):
        pages = ecs.get_paginator(operation).paginate(**arguments)  # type: ignore[call-overload]
        for page in pages:
            yield page[name]
