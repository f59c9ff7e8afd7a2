"""The images of a revision that is to start, each by its digest, and a request to scan one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.contracts import Deployment, Image
from image_scan.ecr.identity import cache_key
from image_scan.ecr.references import SHA256
from image_scan.errors import AwsUnavailable
from image_scan.events import deployments
from image_scan.events.api_calls import EcsEvent
from image_scan.events.scan_request import SCAN_REQUEST
from image_scan.events.scope import EVERYTHING
from image_scan.events.scoping import Scoping
from image_scan.gate.inputs import Candidate

if TYPE_CHECKING:
    from image_scan.aws.cross_account import Accounts
    from image_scan.events.scope import Scope
    from image_scan.events.task_definitions import TaskDefinition
    from image_scan.gate.services import Revision

_NO_DIGEST = "ECR does not confirm its digest"
_NOT_SEEN = "ECS does not say which digest it has pulled"
_UNFIXED = "its tag is pulled again for each task, because versionConsistency is disabled"
_ANY_PLATFORM = "it has images of several platforms, and the task definition states none"

Found = list[tuple[Candidate, Image]]


def of(
    revision: Revision,
    definition: TaskDefinition,
    time: str,
    accounts: Accounts,
    scope: Scope = EVERYTHING,
    *,
    is_started: bool = False,
) -> Found:
    """Resolves the images of a revision, by what ECS has pulled where it has. `is_started`: its
    tasks have started, so it has to say that of each tag.

    An image that ECR does not answer for now is a candidate, too: others may decide without it.
    Raises AwsRejected or AwsUnavailable.
    """
    event = EcsEvent(
        deployment_of(revision, time),
        containers=definition.containers,
        digests=revision.digests,
        platform=definition.platform,
    )
    found: Found = []
    for image in deployments.images(event, accounts, Scoping(scope, accounts)):
        if image["account_id"]:
            problem = _problem(image, revision, definition, is_started=is_started)
            found.append((_candidate(image, problem), image))
        else:
            found += [(each, image) for each in _foreign(image, revision, definition)]
    return found


def require_read(found: Found) -> None:
    """Raises AwsUnavailable where ECR did not answer for an image."""
    for _, image in found:
        if unread := image.get("unread"):
            raise AwsUnavailable(f"ECR did not answer for {image['uri']}: {unread}")


def _candidate(image: Image, problem: str) -> Candidate:
    """Names an image of ECR. With a problem, no verdict and no task of the past is of its bytes."""
    key = image["uri"] if problem else image["key"]
    return Candidate(
        image["uri"],
        key,
        image["digest"],
        image["repository"],
        problem,
        image["unscannable"],
        image["account_id"],
        image["region"],
        _rule(image),
        image["tag"],
    )


def _rule(image: Image) -> str:
    """Names the rule that leaves an image out and lets it start; empty if there is none."""
    return image["out_of_scope"] if image.get("allow_at_gate") else ""


def _problem(
    image: Image, revision: Revision, definition: TaskDefinition, *, is_started: bool
) -> str:
    """Returns why it is not known which bytes a task runs; empty if it is."""
    digest = image["digest"]
    if unread := image.get("unread"):
        return f"ECR did not answer: {unread}"
    if not digest or image["key"] != cache_key(digest, image["platform"]):
        return image["unscannable"] or _NO_DIGEST
    by_tag = {name for name, uri in definition.containers if "@" not in uri}
    by_tag &= {*image["containers"]}
    if by_tag & definition.unfixed:
        return _UNFIXED
    if is_started and by_tag - revision.digests.keys():
        return _NOT_SEEN
    is_single = digest in image["manifests"]
    return "" if is_single or definition.is_stated or revision.on_fargate else _ANY_PLATFORM


def _foreign(image: Image, revision: Revision, definition: TaskDefinition) -> list[Candidate]:
    """Names what each container runs of an image outside of ECR. It has no verdict; its digest,
    where it is known, says whether it runs in the service already."""
    found = {}
    for name, uri in definition.containers:
        if name in image["containers"]:
            _, at, named = uri.rpartition("@")
            pulled = "" if name in definition.unfixed else revision.digests.get(name, "")
            digest = named if at else pulled
            digest = digest if SHA256.fullmatch(digest) else ""
            key = cache_key(digest, definition.platform) if digest else uri
            found[key] = Candidate(
                uri,
                key,
                digest,
                image["repository"],
                image["unscannable"],
                out_of_scope=_rule(image),
            )
    return list(found.values())


def deployment_of(revision: Revision, time: str) -> Deployment:
    """The deployment as the inventory knows it."""
    _, _, _, region, account, *_ = revision.service_arn.split(":")
    return Deployment(
        event_id="",
        event_name="UpdateService",
        event_time=time,
        account=account,
        region=region,
        cluster=revision.cluster_arn.rsplit("/", 1)[-1],
        service=revision.service_arn.rsplit("/", 1)[-1],
        task_definition=revision.task_definition,
        principal="",
    )


def scan_request(deployment_arn: str, deployment: Deployment, image: Image) -> dict[str, Any]:
    """The event that has the intake scan an image for a deployment: the same one each time, so
    that the image is scanned once."""
    digest = image["digest"]
    uri = image["uri"] if "@" in image["uri"] else f"{image['uri']}@{digest}"
    identity = f"gate-{deployment_arn.rsplit('/', 1)[-1]}-{digest.removeprefix('sha256:')[:12]}"
    return {
        "id": identity,
        "source": "image-scan",
        "detail-type": SCAN_REQUEST,
        "time": deployment["event_time"],
        "account": deployment["account"],
        "region": deployment["region"],
        "detail": {
            "image": uri,
            "platform": image["platform"],
            "containers": image["containers"],
            "deployment": {**deployment, "event_id": identity},
        },
    }
