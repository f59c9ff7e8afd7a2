"""Reads task definitions from ECS, for events that name only the definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_scan.aws import clients
from image_scan.events import platforms

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient


@dataclass(frozen=True)
class TaskDefinition:
    """`containers` are (name, image) pairs."""

    containers: tuple[tuple[str, str], ...]
    platform: str


def describe(ecs: ECSClient, task_definition: str) -> TaskDefinition:
    """Reads a task definition. Raises AwsRejected if it does not exist."""
    with clients.calls("ecs:DescribeTaskDefinition"):
        answer = ecs.describe_task_definition(taskDefinition=task_definition)
    definition = answer["taskDefinition"]
    return TaskDefinition(
        tuple(
            (each.get("name", ""), each.get("image", ""))
            for each in definition.get("containerDefinitions", [])
        ),
        platforms.of_definition(definition),
    )
