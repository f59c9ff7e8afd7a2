"""Service revisions and service deployments as ECS records them, of every service.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html

They are in memory only. So services of a restored account have none, like services on AWS that were
last deployed before ECS began to store them.
"""

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs

from sandbox.emulator.task_events import image_digest

Json = dict[str, Any]

# Held while a record, or the tasks of a service, are changed.
lock = threading.RLock()
_services: dict[str, "Service"] = {}


@dataclass
class Service:
    """The records of a service by ARN, oldest first. `successful` is the revision that a rollback
    goes back to, `ecs_ids` the deployments that ministack has for revisions. `held` is how many
    tasks a service is to have that may not have any yet."""

    arn: str
    revisions: dict[str, Json] = field(default_factory=dict)
    deployments: dict[str, Json] = field(default_factory=dict)
    ecs_ids: dict[str, str] = field(default_factory=dict)
    successful: str = ""
    held: int | None = None

    def add_revision(self, svc: Json, task_definition: str) -> str:
        """Records a revision, without digests: ECS resolves tags at the first pull."""
        number = str(time.time_ns())[:19]
        arn = f"{self.arn.replace(':service/', ':service-revision/')}/{number}"
        definition = ecs._task_defs.get(ecs._resolve_td_key(task_definition)) or {}
        self.revisions[arn] = {
            "serviceRevisionArn": arn,
            "serviceArn": self.arn,
            "clusterArn": svc["clusterArn"],
            "taskDefinition": definition.get("taskDefinitionArn", task_definition),
            "launchType": svc.get("launchType") or "FARGATE",
            "containerImages": [
                {"containerName": each["name"], "image": each.get("image", "")}
                for each in definition.get("containerDefinitions", [])
            ],
            "guardDutyEnabled": False,
            "createdAt": time.time(),
        }
        return arn

    def pull(self, revision: str) -> None:
        """Resolves the tags of a revision, once: its first task has started. Those that the task
        definition leaves open are pulled again for each task."""
        definition = ecs._task_defs.get(
            ecs._resolve_td_key(self.revisions[revision]["taskDefinition"])
        )
        left_open = {
            each["name"]
            for each in (definition or {}).get("containerDefinitions", [])
            if each.get("versionConsistency") == "disabled"
        }
        for each in self.revisions[revision]["containerImages"]:
            if "imageDigest" in each or each["containerName"] in left_open:
                continue
            if digest := image_digest(each["image"]):
                each["imageDigest"] = digest

    def add_deployment(self, svc: Json, revision: str, configuration: Json) -> str:
        arn = f"{self.arn.replace(':service/', ':service-deployment/')}/{uuid.uuid4().hex[:21]}"
        now = time.time()
        self.deployments[arn] = {
            "serviceDeploymentArn": arn,
            "serviceArn": self.arn,
            "clusterArn": svc["clusterArn"],
            "createdAt": now,
            "startedAt": now,
            "updatedAt": now,
            "status": "IN_PROGRESS",
            "deploymentConfiguration": configuration,
            "sources": [each for each in self._active(svc) if each != revision],
            "target": revision,
            "desired": svc["desiredCount"] if self.held is None else self.held,
        }
        return arn

    def _active(self, svc: Json) -> list[str]:
        """Returns the revisions that run, and the one for a rollback."""
        running = [each for each in self.revisions if self.running(svc, each)]
        known = [self.successful] if self.successful else []
        return list(dict.fromkeys([*known, *running]))

    def running(self, svc: Json, revision: str) -> int:
        """How many tasks of a revision run now."""
        wanted = self.ecs_ids.get(revision)
        return sum(
            task.get("_deployment_id") == wanted and task.get("lastStatus") == "RUNNING"
            for task in ecs._tasks.values()
            if wanted and task.get("group") == f"service:{svc['serviceName']}"
        )


def of(svc: Json) -> Service:
    """Returns the records of a service. Without records, its present state is the first
    revision."""
    arn = svc["serviceArn"]
    if arn not in _services:
        service = _services[arn] = Service(arn)
        if svc["desiredCount"]:
            revision = service.add_revision(svc, svc["taskDefinition"])
            service.ecs_ids[revision] = svc["deployments"][0]["id"]
            service.pull(revision)
            service.successful = revision
    return _services[arn]


def begin(svc: Json) -> Service:
    """The records of a service that has just been created."""
    service = _services[svc["serviceArn"]] = Service(svc["serviceArn"])
    return service


def known() -> list[Service]:
    """The records of the services of this account and region."""
    home = f"arn:aws:ecs:{get_region()}:{get_account_id()}:"
    return [each for each in _services.values() if each.arn.startswith(home)]


def shown_revision(record: Json) -> Json:
    return {name: value for name, value in record.items() if value != []}


def shown_deployment(service: Service, svc: Json, record: Json) -> Json:
    """A deployment as DescribeServiceDeployments shows it, with the tasks that run now."""
    shown = {name: record[name] for name in record if name not in ("sources", "target", "desired")}

    def counted(revision: str, wanted: int) -> Json:
        running = service.running(svc, revision)
        return {
            "arn": revision,
            "requestedTaskCount": wanted,
            "runningTaskCount": running,
            "pendingTaskCount": 0,
        }

    shown["sourceServiceRevisions"] = [
        counted(each, service.running(svc, each)) for each in record["sources"]
    ]
    shown["targetServiceRevision"] = counted(record["target"], record["desired"])
    return shown


def listed_deployment(record: Json) -> Json:
    names = ("serviceDeploymentArn", "serviceArn", "clusterArn", "startedAt", "createdAt")
    rest = ("finishedAt", "status", "statusReason")
    shown = {name: record[name] for name in (*names, *rest) if name in record}
    return {**shown, "targetServiceRevisionArn": record["target"]}
