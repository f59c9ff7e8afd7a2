"""From an event to the images it deploys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan import ecs_events, images, log, metrics, task_definitions
from image_scan.image_digests import identify
from image_scan.payloads import Image, ParsedEvent

if TYPE_CHECKING:
    from image_scan.accounts import Accounts


def read(event: Any, accounts: Accounts) -> ParsedEvent:
    """The distinct images of an event's deployment, ECR's and others, or why there are none.

    Raises MalformedEvent, AwsRejected or AwsUnavailable; the event is then kept.
    """
    parsed = ecs_events.parse(event)
    deployment = parsed.deployment
    containers = parsed.containers
    if parsed.task_definition:
        ecs = accounts.ecs(deployment["account"], deployment["region"])
        containers = task_definitions.containers(ecs, parsed.task_definition)
    references = [(name, images.parse(image)) for name, image in containers]
    found = identify(
        [(name, each) for name, each in references if isinstance(each, images.EcrReference)],
        lambda account_id, region: accounts.ecr(account_id, region, deployment["account"]),
    )
    foreign: dict[str, Image] = {}
    for name, each in references:
        if isinstance(each, images.Unscannable):
            foreign.setdefault(each.uri, _unscannable(each))["containers"].append(name)
    log.info(
        "event parsed",
        event_name=deployment["event_name"],
        images=len(found),
        not_ecr=len(foreign),
        skipped=parsed.skipped,
    )
    metrics.count("Events", Outcome="skipped" if parsed.skipped else "deployment")
    return ParsedEvent(
        event_id=deployment["event_id"],
        deployment=deployment,
        images=[*found, *foreign.values()],
        skipped=parsed.skipped,
        force=parsed.force,
    )


def _unscannable(image: images.Unscannable) -> Image:
    return Image(
        uri=image.uri,
        key=image.uri,
        account_id="",
        region="",
        host="",
        repository=image.uri.split("@", 1)[0].rsplit(":", 1)[0],
        tag="",
        digest="",
        manifests=[],
        configs=[],
        containers=[],
        unscannable=image.reason,
        role_account_id="",
    )
