"""`ECS Task State Change`, the event that ECS emits by itself, trail or no trail.

ministack's tasks are records without containers: they run at once and stop on request. What it
leaves out is what ECS reports of a container it has pulled: the digest behind the image's tag.
"""

import json
import re
import time
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ecs, eventbridge

from sandbox.emulator.registry import find

Json = dict[str, Any]

ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)

# (account, region, task) -> the status that was last announced.
_announced: dict[tuple[str, str, str], str] = {}


def announce() -> None:
    """Emit an event for each task of this account and region whose status has changed."""
    eventbridge._ensure_default_bus()
    account, region = get_account_id(), get_region()
    for arn, task in ecs._tasks.items():
        key = (account, region, arn)
        if task["lastStatus"] == _announced.get(key):
            continue
        _announced[key] = task["lastStatus"]
        _pull(task)
        entry = {
            "Source": "aws.ecs",
            "DetailType": "ECS Task State Change",
            "Detail": json.dumps(detail(task)),
            "Resources": [arn],
        }
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def detail(task: Json) -> Json:
    """The task as DescribeTasks shows it, with digests and without what is empty."""
    shown = {
        key: _instant(key, value)
        for key, value in ecs._sanitize(task).items()
        if value not in (None, "") and key != "tags"
    }
    shown.pop("containerInstanceArn", None)
    shown |= stated(task)
    shown["updatedAt"] = _instant("updatedAt", time.time())
    shown["containers"] = [_shown(container) for container in task["containers"]]
    return shown


def _pull(task: Json) -> None:
    """Gives each container the digest that its image has now, once: the tag may move later."""
    for container in task["containers"]:
        if not container.get("imageDigest") and (digest := image_digest(container["image"])):
            container["imageDigest"] = digest


def stated(task: Json) -> Json:
    """What ECS says of a task and ministack does not: its platform, and for a task of a service the
    deployment that has started it.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
    """
    known = ecs._tasks.get(task["taskArn"]) or task
    is_of_service = known.get("group") == f"service:{known.get('startedBy')}"
    deployment = known.get("_deployment_id") or "ecs-svc/1"
    return {**_platform(task), **({"startedBy": deployment} if is_of_service else {})}


def _platform(task: Json) -> Json:
    """The architecture and the platform version that Fargate runs a task on, by its definition.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-windows-fargate.html
    """
    definition = ecs._task_defs.get(task["taskDefinitionArn"].rsplit("/", 1)[-1]) or {}
    given = definition.get("runtimePlatform") or {}
    architecture = given.get("cpuArchitecture", "X86_64").lower()
    windows = given.get("operatingSystemFamily", "LINUX").startswith("WINDOWS")
    version = task.get("platformVersion")
    if version in (None, "", "LATEST"):
        version = "1.0.0" if windows else "1.4.0"
    return {
        "attributes": [{"name": "ecs.cpu-architecture", "value": architecture}],
        "platformVersion": version,
    }


def _shown(container: Json) -> Json:
    return {key: value for key, value in container.items() if value is not None}


def image_digest(image: str) -> str | None:
    """The digest that a pull of the image from the emulated ECR would find."""
    match = ECR_IMAGE.fullmatch(image)
    if not match:
        return None
    if match["digest"]:
        return match["digest"]
    with request_scope(match["account"], match["region"]):
        found, _code = find(match["repository"], {"imageTag": match["tag"] or "latest"})
    return found["imageDigest"] if found else None


def _instant(key: str, value: Any) -> Any:
    if key.endswith("At") and isinstance(value, int | float):
        return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(value))
    return value
