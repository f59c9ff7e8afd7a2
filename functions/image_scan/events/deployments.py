"""Finds the images that an event deploys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from image_scan import log, metrics
from image_scan.contracts import Image, ParsedEvent, ScanInput
from image_scan.ecr import references
from image_scan.ecr.digests import as_ended, as_seen, identify
from image_scan.ecr.identity import DEFAULT_PLATFORM
from image_scan.errors import MalformedEvent
from image_scan.events import api_calls, platforms, scan_request, task_definitions, task_state
from image_scan.events.fields import mapping, text
from image_scan.events.scope import EVERYTHING
from image_scan.events.scoping import Scoping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.aws.cross_account import Accounts, Registry
    from image_scan.events.api_calls import EcsEvent
    from image_scan.events.scope import Scope

_PARSERS: dict[str, Callable[[Mapping[str, Any]], EcsEvent]] = {
    task_state.TASK_STATE: task_state.parse,
    scan_request.SCAN_REQUEST: scan_request.parse,
}


def parse(event: Any) -> EcsEvent:
    """Reads an event of any kind. Raises MalformedEvent."""
    if not isinstance(event, dict):
        raise MalformedEvent("the event is not an object")
    parsed = _PARSERS.get(str(event.get("detail-type")), api_calls.parse)(event)
    digests = {**_resolved(event), **parsed.digests}
    return replace(parsed, digests=digests, platform=platforms.of_event(event))


def _resolved(event: Any) -> dict[str, str]:
    """Returns digests by container: what the tags pointed to when a redriven event first failed.

    A tag may point to another image now. Its first image must still be scanned, and the lease on
    that image released."""
    stated = mapping(event.get("resolved"))
    digests = {name: text(stated, name) for name in stated}
    return {name: digest for name, digest in digests.items() if references.SHA256.fullmatch(digest)}


def read(event: Any, accounts: Accounts, scope: Scope = EVERYTHING) -> ParsedEvent:
    """Returns the distinct images of an event, in ECR and elsewhere, or why there are none. Images
    that are out of scope are marked.

    Raises MalformedEvent, AwsRejected or AwsUnavailable; the event is then queued for redrive.
    """
    parsed = parse(event)
    found = images(parsed, accounts, Scoping(scope, accounts))
    left_out = sorted({each["out_of_scope"] for each in found if "out_of_scope" in each})
    log.info(
        "event parsed",
        event_name=parsed.deployment["event_name"],
        task_definition=parsed.deployment["task_definition"],
        images=len(found),
        unscannable=sum(bool(each["unscannable"]) for each in found),
        skipped=parsed.skipped,
        **({"out_of_scope": left_out} if left_out else {}),
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


def running(event: Any, accounts: Accounts, scoping: Scoping | None = None) -> list[ScanInput]:
    """Returns what a task runs, by the digests that ECS reports. ECR is not asked.

    Raises MalformedEvent, AwsRejected or AwsUnavailable.
    """
    parsed = parse(event)
    return [
        ScanInput(
            event_id=parsed.deployment["event_id"],
            deployment=parsed.deployment,
            image=each,
            task=parsed.task,
        )
        for each in _images(parsed, accounts, scoping, resolve=False)
    ]


def images(parsed: EcsEvent, accounts: Accounts, scoping: Scoping | None = None) -> list[Image]:
    """Resolves the images of a deployment, in ECR and elsewhere. Raises AwsRejected or
    AwsUnavailable."""
    return _images(parsed, accounts, scoping, resolve=True)


def _images(
    parsed: EcsEvent, accounts: Accounts, scoping: Scoping | None, *, resolve: bool
) -> list[Image]:
    deployment, containers = parsed.deployment, parsed.containers
    platform = parsed.platform
    if parsed.task_definition:
        ecs = accounts.ecs(deployment["account"], deployment["region"])
        definition = task_definitions.describe(ecs, parsed.task_definition)
        containers = definition.containers
        platform = definition.platform if platform is None else platform
    if platform is None:
        platform = DEFAULT_PLATFORM
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
        found = as_ended(ours, is_ours, platform)
    elif resolve:
        found = identify(ours, registry_of, platform)
    else:
        found = as_seen(ours, platform)
    foreign: dict[str, Image] = {}
    for name, each in named:
        if isinstance(each, references.Unscannable):
            foreign.setdefault(each.name, _unscannable(each))["containers"].append(name)
    every = [*found, *foreign.values()]
    if scoping:
        scoping.mark(every, deployment, dict(named), wanted=parsed.wanted)
    return every


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
        platform="",
        manifests=[],
        configs=[],
        certain=False,
        containers=[],
        unscannable=image.reason,
        role_account_id="",
    )
