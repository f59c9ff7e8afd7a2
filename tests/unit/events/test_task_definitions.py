"""Describing a task definition for its containers."""

import boto3
import pytest

from image_scan.errors import AwsRejected
from image_scan.events import task_definitions
from tests.unit.builders import REGION


def test_containers_by_name_and_image(cloud: None) -> None:
    ecs = boto3.client("ecs", region_name=REGION)
    definitions = [
        {
            "name": name,
            "image": image,
            "memory": 512,
            "environment": [{"name": "TOKEN", "value": "secret"}],
        }
        for name, image in (("app", "shop/app:1"), ("proxy", "envoy"))
    ]
    ecs.register_task_definition(family="shop", containerDefinitions=definitions)  # type: ignore[arg-type]
    for name in ("shop", "shop:1"):
        found = task_definitions.containers(ecs, name)
        assert found == (("app", "shop/app:1"), ("proxy", "envoy"))


def test_a_definition_that_does_not_exist(cloud: None) -> None:
    ecs = boto3.client("ecs", region_name=REGION)
    with pytest.raises(AwsRejected, match="ecs:DescribeTaskDefinition"):
        task_definitions.containers(ecs, "nothing:1")
