"""A task definition that is registered runs nowhere: it is announced so, and its service later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.builders import ACCOUNT, REGION
from tests.support.environments import aws_client
from tests.support.pipeline import URI, verdict

if TYPE_CHECKING:
    from tests.support.pipeline import Pipeline

DEFINITION = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/shop:1"


def call(pipeline: Pipeline, name: str, request: Any, answer: Any) -> None:
    event = pipeline.event()
    event["detail"] |= {
        "eventName": name,
        "requestParameters": request,
        "responseElements": answer,
    }
    run = pipeline.intake(event)
    assert run.status == "SUCCEEDED", (run.error, run.cause)


def register(pipeline: Pipeline) -> None:
    containers = [{"name": "app", "image": URI}]
    definition = {"taskDefinitionArn": DEFINITION, "containerDefinitions": containers}
    call(pipeline, "RegisterTaskDefinition", {}, {"taskDefinition": definition})


def serve(pipeline: Pipeline) -> None:
    containers = [{"name": "app", "image": URI, "memory": 512}]
    aws_client("ecs").register_task_definition(family="shop", containerDefinitions=containers)
    request = {"cluster": "prod", "serviceName": "web", "taskDefinition": DEFINITION}
    service = {"serviceName": "web", "clusterArn": "cluster/prod", "taskDefinition": DEFINITION}
    call(pipeline, "CreateService", request, {"service": service})


def named(message: dict[str, Any]) -> tuple[list[str], list[str], int]:
    services = [each["service"] for each in message["workloads"]]
    families = [each["task_definition"].rsplit("/")[-1] for each in message["registered"]]
    return services, families, message["workloads_total"]


def test_a_registered_task_definition_is_announced_as_registered_and_its_service_later(
    pipeline: Pipeline,
) -> None:
    pipeline.find(5)
    register(pipeline)
    assert [verdict(run) for run in pipeline.scans()] == ["FINDINGS"]
    assert [named(each) for each in pipeline.notifications()] == [([], ["shop:1"], 0)]
    serve(pipeline)
    assert named(pipeline.notifications()[1]) == (["web"], [], 1)
    register(pipeline)
    assert len(pipeline.notifications()) == 2


def test_a_service_in_the_same_message_is_named_alone(pipeline: Pipeline) -> None:
    pipeline.find(5)
    register(pipeline)
    serve(pipeline)
    pipeline.scans()
    assert [named(each) for each in pipeline.notifications()] == [(["web"], [], 1)]
