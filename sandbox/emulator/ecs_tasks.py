"""RunTask, ListTasks and DescribeTasks, as ECS answers them and as IAM checks them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

import json
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import ecs

from sandbox.emulator.patching import around, entry
from sandbox.emulator.task_events import image_digest, platform

Json = dict[str, Any]


@around(iam_actions, "extract_resource_arn")
def resource_arn(
    stock: Any, service: str, method: str, path: str, headers: Any, body: bytes, *others: Any
) -> str:
    """DescribeTasks is checked for each of its tasks, not for their cluster."""
    if service == "ecs" and headers.get("x-amz-target", "").endswith(".DescribeTasks"):
        tasks = json.loads(body).get("tasks") or [""]
        if tasks[0].startswith("arn:"):
            return str(tasks[0])
    found: str = stock(service, method, path, headers, body, *others)
    return found


@around(iam_evaluator, "enforce")
def enforce(
    stock: Any,
    access_key: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: Json | None = None,
) -> Any:
    """ListTasks is checked for the condition key of its cluster."""
    context = dict(service_context or {})
    if action == "ecs:ListTasks" and ":cluster/" in resource_arn:
        context["ecs:cluster"], resource_arn = resource_arn, "*"
    return stock(access_key, action, service, region, resource_arn, context)


@entry(ecs._ACTION_MAP, "RunTask")
def run_task(stock: Any, data: Json) -> Any:
    """The group of a task without one is its family. Tasks tell their platform.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    family = data.get("taskDefinition", "").rsplit("/", 1)[-1].split(":", 1)[0]
    status, headers, body = stock({"group": f"family:{family}", **data})
    answer = json.loads(body)
    for task in answer.get("tasks", []):
        task.update(platform(task))
    return status, headers, json.dumps(answer).encode()


@entry(ecs._ACTION_MAP, "DescribeTasks")
def describe_tasks(stock: Any, data: Json) -> Any:
    """DescribeTasks tells the platform, and the digests that the containers have pulled."""
    status, headers, body = stock(data)
    answer = json.loads(body)
    for task in answer.get("tasks", []):
        task.update(platform(task))
        for container in task.get("containers", []):
            if digest := image_digest(container.get("image") or ""):
                container["imageDigest"] = digest
    return status, headers, json.dumps(answer).encode()
