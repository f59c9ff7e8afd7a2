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
    """`containers` are (name, image) pairs. `unfixed` names those whose tag ECS does not fix: each
    task pulls it again. `is_stated`: the definition names an architecture."""

    containers: tuple[tuple[str, str], ...]
    platform: str
    unfixed: frozenset[str] = frozenset()
    is_stated: bool = True


def describe(ecs: ECSClient, task_definition: str) -> TaskDefinition:
    """Reads a task definition. Raises AwsRejected if it does not exist."""
    with clients.calls("ecs:DescribeTaskDefinition"):
        answer = ecs.describe_task_definition(taskDefinition=task_definition)
    definition = answer["taskDefinition"]
    containers = definition.get("containerDefinitions", [])
    return TaskDefinition(
        tuple((each.get("name", ""), each.get("image", "")) for each in containers),
        platforms.of_definition(definition),
        frozenset(
            each.get("name", "")
            for each in containers
            if each.get("versionConsistency") == "disabled"
        ),
        is_stated="cpuArchitecture" in definition.get("runtimePlatform", {}),
    )
