"""RunTask, ListTasks and DescribeTasks, as ECS answers them and as IAM checks them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

import json
from typing import Any

from sandbox.emulator.task_events import stated

Json = dict[str, Any]


def resource_arn(
    stock: Any, service: str, method: str, path: str, headers: Any, body: bytes, *others: Any
) -> str:
    """Checks DescribeTasks for its first task; ministack checks it for the cluster."""
    if service == "ecs" and headers.get("x-amz-target", "").endswith(".DescribeTasks"):
        tasks = json.loads(body).get("tasks") or [""]
        if tasks[0].startswith("arn:"):
            return str(tasks[0])
    found: str = stock(service, method, path, headers, body, *others)
    return found


def enforce(
    stock: Any,
    access_key: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: Json | None = None,
) -> Any:
    """Checks ListTasks with its cluster as a condition key; ministack has it as the resource."""
    context = dict(service_context or {})
    if action == "ecs:ListTasks" and ":cluster/" in resource_arn:
        context["ecs:cluster"], resource_arn = resource_arn, "*"
    return stock(access_key, action, service, region, resource_arn, context)


def run_task(stock: Any, data: Json) -> Any:
    """Groups a task by its family and shows its platform; ministack does neither.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    family = data.get("taskDefinition", "").rsplit("/", 1)[-1].split(":", 1)[0]
    status, headers, body = stock({"group": f"family:{family}", **data})
    answer = json.loads(body)
    for task in answer.get("tasks", []):
        task.update(stated(task))
    return status, headers, json.dumps(answer).encode()


def describe_tasks(stock: Any, data: Json) -> Any:
    """Shows the platform of tasks; ministack does not."""
    status, headers, body = stock(data)
    answer = json.loads(body)
    for task in answer.get("tasks", []):
        task.update(stated(task))
    return status, headers, json.dumps(answer).encode()
