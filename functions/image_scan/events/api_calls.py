"""ECS API calls as CloudTrail records them and EventBridge delivers them. Pure.

Record contents: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
A part over 100 KB is cut and marked `omitted`; a container then has to be looked up in ECS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from image_scan.errors import MalformedEvent
from image_scan.events.fields import Part, mapping, text
from image_scan.payloads import Deployment, TaskState

API_CALL = "AWS API Call via CloudTrail"
SCAN_REQUEST = "Image Scan Requested"
# An UpdateService call with nothing else changes only how many tasks run.
_SCALING_PARAMETERS = frozenset({"cluster", "service", "desiredCount"})

Container = tuple[str, str]


@dataclass(frozen=True)
class EcsEvent:
    """What one event deploys.

    `containers` are (name, image) pairs when the event itself names them; otherwise
    `task_definition` has to be described, unless `skipped` says why the event deploys nothing.
    `digests` are those that containers, by name, were seen to run. `force` asks for a scan even
    where a verdict is known. `task` is the one that ECS tells of. `platform` is where it runs,
    None where the event does not say.
    """

    deployment: Deployment
    containers: tuple[Container, ...] = ()
    task_definition: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    skipped: str = ""
    force: bool = False
    task: TaskState | None = None
    platform: str | None = None


def parse(event: Any) -> EcsEvent:
    """Reads an event. Raises MalformedEvent when one that should name images cannot be read."""
    if not isinstance(event, Mapping):
        raise MalformedEvent("the event is not an object")
    detail = event.get("detail")
    kind = event.get("detail-type")
    if kind == SCAN_REQUEST:
        return _scan_request(event, detail)
    if kind != API_CALL:
        return EcsEvent(_deployment(event, {}), skipped=f"not an ECS API call: {kind!s:.80}")
    if not isinstance(detail, Mapping):
        raise MalformedEvent("the event has no detail")
    base = EcsEvent(_deployment(event, detail))
    if detail.get("eventSource") != "ecs.amazonaws.com":
        return replace(base, skipped="a call to another service")
    if detail.get("errorCode"):
        return replace(base, skipped="the call failed")
    reader = _READERS.get(str(detail.get("eventName")))
    if reader is None:
        return replace(base, skipped="a call that deploys nothing")
    if not (base.deployment["account"] and base.deployment["region"]):
        raise MalformedEvent("the event names no account and region")
    return reader(base, _part(detail, "requestParameters"), _part(detail, "responseElements"))


def family(task_definition: str) -> str:
    """The family of a task definition given as ARN, `family:revision` or family."""
    return task_definition.rsplit("/", 1)[-1].split(":", 1)[0]


def _register_task_definition(base: EcsEvent, request: Part, response: Part) -> EcsEvent:
    definition = mapping(response.get("taskDefinition"))
    arn = text(definition, "taskDefinitionArn")
    base = _at(base, task_definition=arn or text(request, "family"))
    containers = _containers(definition.get("containerDefinitions"))
    return _named_or_described(base, containers)


def _run_task(base: EcsEvent, request: Part, response: Part) -> EcsEvent:
    tasks = response.get("tasks")
    if isinstance(tasks, Sequence) and not tasks:
        return replace(base, skipped="no task was placed")
    first = mapping(tasks[0]) if isinstance(tasks, list) else {}
    base = _at(
        base,
        cluster=text(first, "clusterArn") or text(request, "cluster"),
        task_definition=text(first, "taskDefinitionArn") or text(request, "taskDefinition"),
    )
    return _named_or_described(base, _containers(first.get("containers")))


def _deploy_service(base: EcsEvent, request: Part, response: Part) -> EcsEvent:
    service = mapping(response.get("service"))
    base = _at(
        base,
        cluster=text(service, "clusterArn") or text(request, "cluster"),
        service=text(service, "serviceName")
        or text(request, "serviceName")
        or text(request, "service").rsplit("/", 1)[-1],
        task_definition=text(service, "taskDefinition") or text(request, "taskDefinition"),
    )
    if not base.task_definition and service:
        # Services of CODE_DEPLOY and EXTERNAL controllers name theirs in task sets.
        return replace(base, skipped="the service has no task definition of its own")
    return _named_or_described(base, ())


def _update_service(base: EcsEvent, request: Part, response: Part) -> EcsEvent:
    event = _deploy_service(base, request, response)
    if "desiredCount" in request and not request.keys() - _SCALING_PARAMETERS:
        return replace(event, skipped="changes only the number of tasks", task_definition="")
    return event


_READERS = {
    "RegisterTaskDefinition": _register_task_definition,
    "RunTask": _run_task,
    "CreateService": _deploy_service,
    "UpdateService": _update_service,
}


def _scan_request(event: Part, detail: Any) -> EcsEvent:
    """A request of our own: one image by reference, for a deployment that was seen before."""
    detail = mapping(detail)
    image = text(detail, "image")
    if not image:
        raise MalformedEvent("the scan request names no image")
    told = mapping(detail.get("deployment"))
    deployment = _deployment(event, {})
    deployment.update({key: text(told, key) for key in deployment if key in told})  # type: ignore[typeddict-item]
    return EcsEvent(deployment, containers=(("", image),), force=detail.get("force") is True)


def _deployment(event: Part, detail: Part) -> Deployment:
    return Deployment(
        event_id=text(event, "id") or text(detail, "eventID"),
        event_name=text(detail, "eventName"),
        event_time=text(detail, "eventTime") or text(event, "time"),
        account=text(event, "account") or text(detail, "recipientAccountId"),
        region=text(event, "region") or text(detail, "awsRegion"),
        cluster="",
        service="",
        task_definition="",
        principal=_principal(mapping(detail.get("userIdentity"))),
    )


def _principal(identity: Part) -> str:
    """Who made the call. Service calls carry `invokedBy` and no ARN."""
    return text(identity, "arn") or text(identity, "invokedBy") or text(identity, "principalId")


def _at(
    base: EcsEvent, cluster: str = "", service: str = "", task_definition: str = ""
) -> EcsEvent:
    deployment = base.deployment.copy()
    deployment["cluster"] = cluster.rsplit("/", 1)[-1]
    deployment["service"] = service
    deployment["task_definition"] = task_definition
    return replace(base, deployment=deployment, task_definition=task_definition)


def _named_or_described(base: EcsEvent, containers: tuple[Container, ...]) -> EcsEvent:
    if containers:
        return replace(base, containers=containers, task_definition="")
    if not base.task_definition:
        raise MalformedEvent("the event names neither images nor a task definition")
    return base


def _containers(definitions: Any) -> tuple[Container, ...]:
    """(name, image) of each container; empty unless every one of them has an image."""
    if not isinstance(definitions, list):
        return ()
    containers = tuple(
        (text(mapping(each), "name"), text(mapping(each), "image")) for each in definitions
    )
    return containers if all(image for _, image in containers) else ()


def _part(detail: Part, name: str) -> Part:
    part = mapping(detail.get(name))
    return {} if part.get("omitted") is True else part
