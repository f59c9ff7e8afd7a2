"""The images of a revision that is to start, each by its digest, and a request to scan one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.contracts import Deployment
from image_scan.ecr.identity import cache_key
from image_scan.ecr.references import SHA256
from image_scan.errors import AwsUnavailable
from image_scan.events import deployments
from image_scan.events.api_calls import EcsEvent
from image_scan.events.scan_request import SCAN_REQUEST
from image_scan.gate.inputs import Candidate

if TYPE_CHECKING:
    from image_scan.aws.cross_account import Accounts
    from image_scan.contracts import Image
    from image_scan.events.task_definitions import TaskDefinition
    from image_scan.gate.services import Revision

_NO_DIGEST = "ECR does not confirm its digest"


def of(
    revision: Revision, definition: TaskDefinition, time: str, accounts: Accounts
) -> list[tuple[Candidate, Image]]:
    """Resolves the images of a revision, by what ECS has pulled where it has.

    Raises AwsRejected or AwsUnavailable, also for an image that ECR does not answer for now.
    """
    event = EcsEvent(
        deployment_of(revision, time),
        containers=definition.containers,
        digests=revision.digests,
        platform=definition.platform,
    )
    found = deployments.images(event, accounts)
    for image in found:
        if unread := image.get("unread"):
            raise AwsUnavailable(f"ECR did not answer for {image['uri']}: {unread}")
    return [(candidate(each, revision, definition.platform), each) for each in found]


def candidate(image: Image, revision: Revision, platform: str) -> Candidate:
    """Names an image for the decision. One outside of ECR has no verdict; its digest, where it is
    known, says whether it runs in the service already."""
    digest, key = image["digest"], image["key"]
    if image["account_id"]:
        problem = "" if digest and key == cache_key(digest, image["platform"]) else _NO_DIGEST
        if problem and image["unscannable"]:
            problem = image["unscannable"]
        return Candidate(
            image["uri"], key, digest, image["repository"], problem, image["unscannable"]
        )
    named = image["uri"].rpartition("@")[2]
    pulled = {revision.digests.get(name, "") for name in image["containers"]} - {""}
    digest = named if SHA256.fullmatch(named) else pulled.pop() if len(pulled) == 1 else ""
    key = cache_key(digest, platform) if digest else key
    return Candidate(image["uri"], key, digest, image["repository"], image["unscannable"])


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
