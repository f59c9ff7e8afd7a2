"""Two installations with different prefixes in one region do not get in each other's way, each with
its own scope and its own events."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.installation import Installation
from sandbox.operated import reconcile
from sandbox.queues import subscribe_to_events
from sandbox.restored import LEFT_OUT, SECOND, restored_neighbours
from sandbox.terraform_project import Terraform

from .conftest import CLUSTER, CRITICAL, WAIT_SCALE, Json, Workload
from .registration import register


@pytest.fixture(scope="module")
def neighbours() -> Iterator[tuple[Installation, Terraform]]:
    with restored_neighbours(wait_scale=WAIT_SCALE) as (first, second):
        first.qualys.control.scenario(scan_seconds=0.2)
        first.ecs.create_cluster(clusterName=CLUSTER)
        # Qualys has one registry for both, with the role of the one that scans first.
        register(first, first.outputs["registry_role_arn"])
        yield first, second


@pytest.fixture(scope="module")
def installation(neighbours: tuple[Installation, Terraform]) -> Installation:
    return neighbours[0]


@pytest.fixture
def second(neighbours: tuple[Installation, Terraform]) -> Terraform:
    return neighbours[1]


def rules_in(installation: Installation, outputs: Json, workload: Workload) -> list[str]:
    """The rule of each row of the image in an installation's inventory; empty where in scope."""
    answer = installation.client("dynamodb").query(
        TableName=outputs["inventory_table"]["name"],
        KeyConditionExpression="digest = :digest",
        ExpressionAttributeValues={":digest": {"S": workload.key}},
    )
    return [row.get("out_of_scope", {"S": ""})["S"] for row in answer["Items"]]


def status_in(installation: Installation, table: str, workload: Workload) -> str:
    """The verdict in an installation's table."""
    answer = installation.client("dynamodb").get_item(
        TableName=table, Key={"imageDigest": {"S": workload.key}}
    )
    return str(answer["Item"]["status"]["S"]) if "Item" in answer else ""


def test_what_one_leaves_out_the_other_scans(
    installation: Installation, workload: Workload, second: Terraform
) -> None:
    outputs = second.outputs()["image_scan"]
    skip: Any = {"tags": [{"key": "image-scan", "value": "skip"}]}
    definition = installation.ecs.register_task_definition(
        family=workload.name,
        containerDefinitions=[{"name": "app", "image": workload.pushed.by_tag}],
        **skip,
    )["taskDefinition"]["taskDefinitionArn"]
    installation.ecs.create_service(
        cluster=CLUSTER,
        serviceName=workload.name,
        taskDefinition=definition,
        desiredCount=1,
        **skip,
    )
    installation.wait_until_idle()
    reconcile(installation, outputs)
    assert rules_in(installation, installation.outputs, workload) == [""]
    assert rules_in(installation, outputs, workload) == [LEFT_OUT]
    tables = [each["cache_table"]["name"] for each in (installation.outputs, outputs)]
    assert [status_in(installation, table, workload) for table in tables] == ["CLEAN", ""]


def test_events_of_findings_come_from_the_one_that_has_them(
    installation: Installation, workload: Workload, second: Terraform
) -> None:
    pattern = {"source": ["image-scan"], "detail-type": ["Container Image Finding"]}
    queue = subscribe_to_events(installation.client, "findings", pattern)
    workload.find(CRITICAL)
    workload.deploy()
    reconcile(installation)
    assert installation.messages(queue) == []
    reconcile(installation, second.outputs()["image_scan"])
    (event,) = [json.loads(each["Body"])["detail"] for each in installation.messages(queue)]
    assert (event["installation"], event["state"]) == (SECOND, "opened")
    assert event["repository"].endswith(f"/tests/{workload.name}")
    assert (event["qid"], event["cves"]) == (1, ["CVE-2026-0001"])
    assert [each["service"] for each in event["workloads"]] == [workload.name]


def test_both_scan_and_one_remains_when_the_other_goes(
    installation: Installation, workload: Workload, second: Terraform
) -> None:
    workload.deploy_once()
    tables = (
        installation.outputs["cache_table"]["name"],
        second.outputs()["image_scan"]["cache_table"]["name"],
    )
    assert tables == ("qualys-image-scan-cache", "second-cache")
    assert [status_in(installation, table, workload) for table in tables] == ["CLEAN", "CLEAN"]
    second.destroy()
    left = installation.client("dynamodb").list_tables()["TableNames"]
    assert tables[0] in left
    assert [name for name in left if name.startswith("second")] == []
    another = workload.push("another", tag="2")
    workload.deploy_once(another.by_tag)
    assert installation.verdicts()[another.digest]["status"] == "CLEAN"
