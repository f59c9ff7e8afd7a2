"""Names that somebody else chose: of images, clusters, services and families. None of them is the
key of anything but themselves, whatever the installation keeps beside the images."""

from __future__ import annotations

import json
from typing import Any

import pytest

from image_scan.notifications import throttle
from image_scan.state import keys
from tests.support import tables
from tests.support.builders import ACCOUNT, DIGEST, REGION
from tests.support.environments import aws_client
from tests.support.pipeline import REPOSITORY, TAG, URI, Pipeline, verdict

Json = dict[str, Any]

WORKLOAD = f"{ACCOUNT}#{REGION}#prod#web"
# The key of everything in the tables that is no image, and those of images.
NAMES = (
    f"registry#{ACCOUNT}#{REGION}",
    "permit#scans",
    *(f"notice#{error}" for error in sorted(throttle.ERRORS)),
    "notice#daily digest 2026-02-02",
    f"security-hub#{ACCOUNT}#{keys.hashed(DIGEST)}",
    f"findings#{DIGEST}",
    "exceptions#all",
    "coverage#2026-02-02T02:40:00+00:00",
    DIGEST,
    "sha256:" + "1" * 63,
    f"tasks#{DIGEST}#{WORKLOAD}",
    f"{ACCOUNT}/{REGION}/{REPOSITORY}:{TAG}",
    f"{ACCOUNT}/{REGION}/{REPOSITORY}@{DIGEST}",
    "other#exceptions#all",
    "other#other#permit#scans",
    "#",
)


def in_arn(name: str) -> str:
    """moto, which reads names out of ARNs, fails at these two; ECS allows neither in a name."""
    return name.translate({ord(":"): "-", ord("/"): "-"})


def call(pipeline: Pipeline, image: str, name: str) -> Json:
    """A task that runs an image, in a cluster and of a family of that name."""
    event, name = pipeline.event(image), in_arn(name)
    task = event["detail"]["responseElements"]["tasks"][0]
    task["clusterArn"] = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}"
    task["taskDefinitionArn"] = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}:1"
    return event


def service(pipeline: Pipeline, image: str, name: str) -> Json:
    """The task of a service of that name, which has started."""
    event, name = call(pipeline, image, name), in_arn(name)
    detail = {
        "taskArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{name}/1",
        "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}",
        "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}:1",
        "group": f"service:{name}",
        "startedBy": "ecs-svc/1",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "containers": [{"name": name, "image": image}],
    }
    return {**event, "detail-type": "ECS Task State Change", "detail": detail}


def deploy_all(pipeline: Pipeline) -> None:
    for name in NAMES:
        for event in (call(pipeline, name, name), service(pipeline, name, name)):
            run = pipeline.intake(event)
            assert (name, run.status) == (name, "SUCCEEDED")


def keys_in(table: str, attribute: str) -> set[str]:
    return {row[attribute]["S"] for row in aws_client("dynamodb").scan(TableName=table)["Items"]}


@pytest.mark.attack(2)
def test_a_name_is_no_key_but_its_own_in_any_table(pipeline: Pipeline) -> None:
    deploy_all(pipeline)
    assert keys_in(tables.CACHE, "imageDigest") == set()
    assert keys_in(tables.STATE, "key") == set()
    rows = keys_in(tables.INVENTORY, "digest")
    assert {key for key in rows if not key.startswith(("other#", "tasks#other#"))} == set()
    assert pipeline.failed_events() == []


def test_a_scan_ends_as_ever_where_every_name_was_deployed_before(pipeline: Pipeline) -> None:
    deploy_all(pipeline)
    pipeline.find(5)
    assert verdict(pipeline.scan()) == "FINDINGS"
    assert keys_in(tables.STATE, "key") == {f"registry#{ACCOUNT}#{REGION}", "permit#scans"}
    assert [each["verdict"] for each in pipeline.notifications()][-1] == "FINDINGS"


def test_an_image_of_ecr_is_scanned_and_notified_wherever_it_runs(pipeline: Pipeline) -> None:
    pipeline.find(5)
    for name in NAMES:
        assert pipeline.intake(service(pipeline, URI, name)).status == "SUCCEEDED"
    assert [verdict(each) for each in pipeline.scans()] == ["FINDINGS"]
    (sent,) = pipeline.notifications()
    assert {each["service"] for each in sent["workloads"]} == {in_arn(name) for name in NAMES}


@pytest.mark.attack(2)
def test_a_dead_credential_is_notified_where_its_notice_was_deployed_as_an_image(
    pipeline: Pipeline,
) -> None:
    deploy_all(pipeline)
    before = len(pipeline.notifications())
    pipeline.spoil(".*", status=401)
    pipeline.spoil(".*", method="POST", status=401)
    run = pipeline.scan()
    assert "QualysUnauthorized" in json.dumps(run.output) + run.cause
    assert [each["verdict"] for each in pipeline.notifications()[before:]] == ["ERROR"]
