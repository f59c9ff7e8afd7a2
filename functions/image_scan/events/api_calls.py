"""Reads ECS API calls that CloudTrail records and EventBridge delivers. Pure.

Record contents: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
CloudTrail removes a part over 100 KB and marks it `omitted`. Its containers are then read from ECS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from image_scan.contracts import Deployment, TaskState
from image_scan.errors import MalformedEvent
from image_scan.events import scaling
from image_scan.events.fields import Part, mapping, text

API_CALL = "AWS API Call via CloudTrail"
REGISTERS = "RegisterTaskDefinition"
# ECS's name of the only container of an Express service.
_EXPRESS_CONTAINER = "Main"

Container = tuple[str, str]


@dataclass(frozen=True)
class EcsEvent:
    """What one event deploys.

    `containers` are (name, image) pairs if the event names them. Otherwise `task_definition` must
    be described, unless `skipped` says why the event deploys nothing. `digests` are the digests
    that containers, by name, were seen to run. `force` requests a scan even if a verdict is known.
    `task` is the task that ECS reports. `platform` is None if the event does not state it.
    `wanted`: somebody waits for the verdict, in scope or not.
    """

    deployment: Deployment
    containers: tuple[Container, ...] = ()
    task_definition: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    skipped: str = ""
    force: bool = False
    task: TaskState | None = None
    platform: str | None = None
    wanted: bool = False


def parse(event: Part) -> EcsEvent:
    """Reads an event. Raises MalformedEvent if it should name images but cannot be read."""
    detail = event.get("detail")
    kind = event.get("detail-type")
    if kind != API_CALL:
        return EcsEvent(deployment_of(event), skipped=f"not an ECS API call: {kind!s:.80}")
    if not isinstance(detail, Mapping):
        raise MalformedEvent("the event has no detail")
    base = EcsEvent(deployment_of(event, detail))
    if detail.get("eventSource") != "ecs.amazonaws.com":
        return replace(base, skipped="a call to another service")
    if detail.get("errorCode"):
        return replace(base, skipped="the call failed")
    reader = _READERS.get(str(detail.get("eventName")))
    if reader is None:
        return replace(base, skipped="a call that deploys nothing")
    if not (base.deployment["account"] and base.deployment["region"]):
        raise MalformedEvent("the event names no account and region")
    request = _part(detail, "requestParameters")
    if scaling.starts_nothing(base.deployment["event_name"], request):
        return replace(base, skipped="starts no deployment")
    return reader(base, request, _part(detail, "responseElements"))


def family(task_definition: str) -> str:
    """The family of a task definition given as ARN, `family:revision` or family."""
    return task_definition.rsplit("/", 1)[-1].split(":", 1)[0]


def _register_task_definition(base: EcsEvent, request: Part, response: Part) -> EcsEvent:
    definition = mapping(response.get("taskDefinition"))
    arn = text(definition, "taskDefinitionArn")
    base = _at(base, task_definition=arn or text(request, "family"))
    listed = "containerDefinitions"
    return _named_or_described(base, named(definition.get(listed)) or named(request.get(listed)))


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
    return _named_or_described(base, named(first.get("containers")))


def _deploy_service(base: EcsEvent, request: Part, response: Part) -> EcsEvent:
    service = mapping(response.get("service"))
    base = _at(
        base,
        cluster=text(service, "clusterArn") or text(request, "cluster"),
        service=text(service, "serviceName")
        or text(request, "serviceName")
        or text(request, "service"),
        task_definition=text(service, "taskDefinition") or text(request, "taskDefinition"),
    )
    if not base.task_definition and service:
        # With the controllers CODE_DEPLOY and EXTERNAL, task sets name the task definition.
        return replace(base, skipped="the service has no task definition of its own")
    return _named_or_described(base, ())


def _create_task_set(base: EcsEvent, request: Part, response: Part) -> EcsEvent:
    task_set = mapping(response.get("taskSet"))
    base = _at(
        base,
        cluster=text(task_set, "clusterArn") or text(request, "cluster"),
        service=text(task_set, "serviceArn") or text(request, "service"),
        task_definition=text(task_set, "taskDefinition") or text(request, "taskDefinition"),
    )
    return _named_or_described(base, ())


def express_configuration(response: Part) -> Part:
    """Returns what an Express service will run, from the answer to its creation or update."""
    service = mapping(response.get("service"))
    active = service.get("activeConfigurations")
    first = active[0] if isinstance(active, list) and active else {}
    return mapping(service.get("targetConfiguration")) or mapping(first)


def _deploy_express(base: EcsEvent, request: Part, response: Part) -> EcsEvent:
    """Express Mode: the call names an image, or a task definition of the caller's own."""
    service, stated = mapping(response.get("service")), express_configuration(response)
    arn = text(service, "serviceArn") or text(request, "serviceArn")
    definition = text(request, "taskDefinitionArn") or text(stated, "taskDefinitionArn")
    image = text(mapping(request.get("primaryContainer")), "image")
    if not definition:
        image = image or text(mapping(stated.get("primaryContainer")), "image")
    base = _at(
        base,
        cluster=text(service, "cluster") or text(request, "cluster") or _cluster_of(arn),
        service=text(service, "serviceName") or text(request, "serviceName") or arn,
        task_definition=definition,
    )
    return _named_or_described(base, ((_EXPRESS_CONTAINER, image),) if image else ())


_READERS = {
    REGISTERS: _register_task_definition,
    "RunTask": _run_task,
    "StartTask": _run_task,
    "CreateService": _deploy_service,
    "UpdateService": _deploy_service,
    "CreateTaskSet": _create_task_set,
    "CreateExpressGatewayService": _deploy_express,
    "UpdateExpressGatewayService": _deploy_express,
}
# Calls that start tasks. The images that they name run, or will run soon.
DEPLOYS = frozenset(_READERS) - {REGISTERS}


def deployment_of(event: Part, detail: Part | None = None) -> Deployment:
    """Returns who deploys, and when. The reader of a call adds what and where."""
    detail = detail or {}
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
    """Returns who made the call. Calls of AWS services have `invokedBy` and no ARN."""
    return text(identity, "arn") or text(identity, "invokedBy") or text(identity, "principalId")


def _at(
    base: EcsEvent, cluster: str = "", service: str = "", task_definition: str = ""
) -> EcsEvent:
    deployment = base.deployment.copy()
    deployment["cluster"] = cluster.rsplit("/", 1)[-1]
    deployment["service"] = service.rsplit("/", 1)[-1]
    deployment["task_definition"] = task_definition
    return replace(base, deployment=deployment, task_definition=task_definition)


def _named_or_described(base: EcsEvent, containers: tuple[Container, ...]) -> EcsEvent:
    if containers:
        return replace(base, containers=containers, task_definition="")
    if not base.task_definition:
        raise MalformedEvent("the event names neither images nor a task definition")
    return base


def named(containers: Any) -> tuple[Container, ...]:
    """Returns (name, image) of each container that has an image. Agents that ECS adds by itself,
    such as those of GuardDuty and Service Connect, have none."""
    listed = [mapping(each) for each in (containers if isinstance(containers, list) else [])]
    pairs = ((text(each, "name"), text(each, "image")) for each in listed)
    return tuple((name, image) for name, image in pairs if image)


def _cluster_of(service_arn: str) -> str:
    """Returns CLUSTER, if a service's ARN ends in `service/CLUSTER/NAME`."""
    *_, cluster, _ = ("", *service_arn.split("/"))
    return cluster if service_arn.count("/") > 1 else ""


def _part(detail: Part, name: str) -> Part:
    part = mapping(detail.get(name))
    return {} if part.get("omitted") is True else part
