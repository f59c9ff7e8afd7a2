"""The containers of a task definition, for events that name only the definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan import aws

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient


def containers(ecs: ECSClient, task_definition: str) -> tuple[tuple[str, str], ...]:
    """(name, image) of each container. Raises AwsRejected when there is no such definition."""
    with aws.calls("ecs:DescribeTaskDefinition"):
        answer = ecs.describe_task_definition(taskDefinition=task_definition)
    return tuple(
        (each.get("name", ""), each.get("image", ""))
        for each in answer["taskDefinition"].get("containerDefinitions", [])
    )
