"""From an event to the images it deploys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from image_scan import log, metrics
from image_scan.ecr import references
from image_scan.ecr.digests import as_ended, as_seen, identify
from image_scan.events import api_calls, task_definitions, task_state
from image_scan.events.fields import mapping, text
from image_scan.payloads import Image, ImageTask, ParsedEvent

if TYPE_CHECKING:
    from image_scan.accounts import Accounts, Registry
    from image_scan.events.api_calls import EcsEvent


def parse(event: Any) -> EcsEvent:
    """Raises MalformedEvent."""
    is_task = isinstance(event, dict) and event.get("detail-type") == task_state.TASK_STATE
    parsed = task_state.parse(event) if is_task else api_calls.parse(event)
    return replace(parsed, digests={**_resolved(event), **parsed.digests})


def _resolved(event: Any) -> dict[str, str]:
    """Of an event that was kept: the digests, by container, that its tags then stood for. One that
    has moved since would leave the image, and a lease on it, behind."""
    told = mapping(event.get("resolved"))
    digests = {name: text(told, name) for name in told}
    return {name: digest for name, digest in digests.items() if references.SHA256.fullmatch(digest)}


def read(event: Any, accounts: Accounts) -> ParsedEvent:
    """The distinct images of an event's deployment, ECR's and others, or why there are none.

    Raises MalformedEvent, AwsRejected or AwsUnavailable; the event is then kept.
    """
    parsed = parse(event)
    found = _images(parsed, accounts, resolve=True)
    log.info(
        "event parsed",
        event_name=parsed.deployment["event_name"],
        images=len(found),
        unscannable=sum(bool(each["unscannable"]) for each in found),
        skipped=parsed.skipped,
    )
    metrics.count("Events", Outcome="skipped" if parsed.skipped else "deployment")
    return ParsedEvent(
        event_id=parsed.deployment["event_id"],
        deployment=parsed.deployment,
        images=found,
        skipped=parsed.skipped,
        force=parsed.force,
        task=parsed.task,
    )


def running(event: Any, accounts: Accounts) -> list[ImageTask]:
    """What a task runs, by the digests that ECS tells: ECR is not asked.

    Raises MalformedEvent, AwsRejected or AwsUnavailable.
    """
    parsed = parse(event)
    return [
        ImageTask(
            event_id=parsed.deployment["event_id"],
            deployment=parsed.deployment,
            image=each,
            task=parsed.task,
        )
        for each in _images(parsed, accounts, resolve=False)
    ]


def _images(parsed: EcsEvent, accounts: Accounts, *, resolve: bool) -> list[Image]:
    deployment, containers = parsed.deployment, parsed.containers
    if parsed.task_definition:
        ecs = accounts.ecs(deployment["account"], deployment["region"])
        containers = task_definitions.containers(ecs, parsed.task_definition)
    named = [
        (name, references.pinned(references.parse(image), parsed.digests.get(name, "")))
        for name, image in containers
    ]
    ours = [(name, each) for name, each in named if isinstance(each, references.EcrReference)]

    def registry_of(account_id: str, region: str) -> Registry:
        return accounts.ecr(account_id, region, deployment["account"])

    def is_ours(account_id: str) -> bool:
        return accounts.is_ours(account_id, deployment["account"])

    if parsed.task and parsed.task["stopped"]:
        found = as_ended(ours, is_ours)
    else:
        found = identify(ours, registry_of) if resolve else as_seen(ours)
    foreign: dict[str, Image] = {}
    for name, each in named:
        if isinstance(each, references.Unscannable):
            foreign.setdefault(each.name, _unscannable(each))["containers"].append(name)
    return [*found, *foreign.values()]


def _unscannable(image: references.Unscannable) -> Image:
    return Image(
        uri=image.uri,
        key=image.key,
        account_id="",
        region="",
        host="",
        repository=image.name,
        tag="",
        digest="",
        manifests=[],
        configs=[],
        containers=[],
        unscannable=image.reason,
        role_account_id="",
    )
