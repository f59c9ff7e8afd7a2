"""Describing a task definition for its containers and platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from image_scan.errors import AwsRejected
from image_scan.events import task_definitions
from tests.support.builders import REGION

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerDefinitionTypeDef


def test_containers_by_name_and_image(cloud: None) -> None:
    ecs = boto3.client("ecs", region_name=REGION)
    definitions: list[ContainerDefinitionTypeDef] = [
        {
            "name": name,
            "image": image,
            "memory": 512,
            "environment": [{"name": "TOKEN", "value": "secret"}],
        }
        for name, image in (("app", "shop/app:1"), ("proxy", "envoy"))
    ]
    ecs.register_task_definition(family="shop", containerDefinitions=definitions)
    for name in ("shop", "shop:1"):
        found = task_definitions.describe(ecs, name)
        assert found.containers == (("app", "shop/app:1"), ("proxy", "envoy"))


@pytest.mark.parametrize(
    ("runtime", "platform"),
    [
        ({}, "linux/amd64"),
        ({"runtimePlatform": {"cpuArchitecture": "ARM64"}}, "linux/arm64"),
        ({"runtimePlatform": {"operatingSystemFamily": "LINUX"}}, "linux/amd64"),
        (
            {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}},
            "windows/amd64",
        ),
    ],
)
def test_the_platform_is_linux_on_x86_unless_it_is_said(
    cloud: None, runtime: dict[str, Any], platform: str
) -> None:
    ecs = boto3.client("ecs", region_name=REGION)
    container: ContainerDefinitionTypeDef = {"name": "app", "image": "shop/app:1", "memory": 512}
    ecs.register_task_definition(family="shop", containerDefinitions=[container], **runtime)
    assert task_definitions.describe(ecs, "shop").platform == platform


def test_a_definition_that_does_not_exist(cloud: None) -> None:
    ecs = boto3.client("ecs", region_name=REGION)
    with pytest.raises(AwsRejected, match="ecs:DescribeTaskDefinition"):
        task_definitions.describe(ecs, "nothing:1")
