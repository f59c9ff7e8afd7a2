"""Deploys services that have the deployment gate, and waits for what becomes of them."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.installation import Installation

Json = dict[str, Any]
# Of an installation here. Only services that have the hook are gated.
GATE: Json = {"mode": "enforce", "on_undecided": "block"}
_ENDS = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
# A hook that nobody answers ends after 70 minutes of the deployment: 140 calls.
_LONGEST_SECONDS = 600


def hook(installation: Installation) -> Json:
    """Returns the deployment configuration that gives a service the gate."""
    return dict(json.loads(installation.outputs["deployment_gate"]["aws_cli"]))


@dataclass(frozen=True)
class Deployed:
    """An image that was deployed in a gated service: how the deployment ended, and whether a task
    with the image ever started."""

    service: str
    image: str
    status: str
    started: bool


def deploy(installation: Installation, cluster: str, service: str, image: str) -> Deployed:
    """Deploys an image of a known verdict in a service, which is created with the gate."""
    ecs = installation.ecs
    container = {"name": "app", "image": image}
    definition = ecs.register_task_definition(family=service, containerDefinitions=[container])
    arn = definition["taskDefinition"]["taskDefinitionArn"]
    if ecs.describe_services(cluster=cluster, services=[service])["services"]:
        ecs.update_service(cluster=cluster, service=service, taskDefinition=arn)
    else:
        ecs.create_service(
            cluster=cluster,
            serviceName=service,
            taskDefinition=arn,
            desiredCount=1,
            deploymentConfiguration=hook(installation),
        )
    status = ended(ecs, cluster, service)["status"]
    return Deployed(service, image, status, image in started(ecs, cluster, service))


def ended(ecs: Any, cluster: str, service: str) -> Json:
    """Waits for the end of the newest deployment of a service. Raises TimeoutError."""
    listed = ecs.list_service_deployments(cluster=cluster, service=service)
    arn = listed["serviceDeployments"][0]["serviceDeploymentArn"]
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        answer = ecs.describe_service_deployments(serviceDeploymentArns=[arn])
        (shown,) = answer["serviceDeployments"]
        if shown["status"] in _ENDS:
            return dict(shown)
        time.sleep(0.1)
    raise TimeoutError(f"{arn} has not ended: {shown}")


def started(ecs: Any, cluster: str, service: str) -> set[str]:
    """Returns the images of all tasks of a service that ever started."""
    named = {"cluster": cluster, "serviceName": service}
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(**named, desiredStatus=status)["taskArns"]
    ]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    return {container["image"] for task in tasks for container in task["containers"]}


@contextmanager
def mode(installation: Installation, name: str) -> Iterator[None]:
    """Has the gate audit or enforce for a while, as another apply would."""
    functions = installation.client("lambda")
    function = installation.outputs["deployment_gate"]["function_name"]

    def change(value: str) -> None:
        now = functions.get_function_configuration(FunctionName=function)
        variables = {**now["Environment"]["Variables"], "GATE_MODE": value}
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": variables}
        )
        functions.get_waiter("function_updated_v2").wait(
            FunctionName=function, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
        )

    change(name)
    try:
        yield
    finally:
        change(GATE["mode"])
