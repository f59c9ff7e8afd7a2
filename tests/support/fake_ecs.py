"""ECS as the reconciliation asks it: clusters and their running tasks."""

from __future__ import annotations

from typing import Any

from image_scan.errors import AwsRejected
from tests.support.builders import ACCOUNT, REGION

Json = dict[str, Any]


class Ecs:
    """An account's clusters and their tasks, two to a page."""

    def __init__(self) -> None:
        self.tasks: dict[str, Json] = {}
        self.refuses = False

    def run(self, number: int, *containers: Json, service: str = "web", **facts: Any) -> str:
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/{number}"
        self.tasks[arn] = {
            "taskArn": arn,
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/prod",
            "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/shop:7",
            "group": f"service:{service}",
            "startedBy": "ecs-svc/1",
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "overrides": {"containerOverrides": [{"environment": [{"value": "hunter2"}]}]},
            "containers": list(containers),
            **facts,
        }
        return arn

    def get_paginator(self, operation: str) -> Ecs:
        self._listing = operation
        return self

    def paginate(self, cluster: str = "") -> list[Json]:
        if self.refuses:
            raise AwsRejected("ecs:ListClusters: AccessDenied")
        if self._listing == "list_clusters":
            return [{"clusterArns": [f"cluster/{name}"]} for name in ("empty", "prod")]
        arns = list(self.tasks) if cluster == "cluster/prod" else []
        return [{"taskArns": arns[at : at + 2]} for at in range(0, len(arns) or 1, 2)]

    def describe_tasks(self, cluster: str, tasks: list[str]) -> Json:
        assert cluster == "cluster/prod"
        assert len(tasks) <= 100
        return {"tasks": [self.tasks[arn] for arn in tasks]}
