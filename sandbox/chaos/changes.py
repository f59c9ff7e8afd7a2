"""Makes changes after workloads were notified. Qualys rates a finding worse, in the next version or
in another scan of the image. Or the next version is the same, and nobody must be notified."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ops import scan
from sandbox.aws import ACCOUNT, REGION
from sandbox.chaos.deployments import Step, Version
from sandbox.chaos.kinds import KINDS, truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.chaos.deployments import Fleet

Json = dict[str, Any]
# The first that runs is the burst: all its services are notified of the scan by hand.
WAYS = ("scan again", "worse version", "same version")
OPERATOR = f"arn:aws:iam::{ACCOUNT}:user/operator"


def changes(fleet: Fleet, most: int) -> Iterator[Step]:
    """Yields `most` changes, each kind in turn. All verdicts must be there before."""
    services: dict[str, str] = {}  # one of those that run an image
    for service in fleet.running:
        if fleet.own(service).found:
            services.setdefault(fleet.own(service).uri, service)
    for service, way in zip(list(services.values())[:most], itertools.cycle(WAYS), strict=False):
        version = fleet.own(service)
        if way == "scan again" or len(fleet.tags[version.uri]) > 1:
            yield _rated_worse(fleet, version)
        else:
            # Malware and secrets are notified with each version.
            detected = KINDS[version.kind].behaviour
            is_worse = bool(detected) or way == "worse version"
            yield from _next(fleet, service, version, is_worse=is_worse)


def _next(fleet: Fleet, service: str, version: Version, *, is_worse: bool) -> Iterator[Step]:
    """Another version with the same findings, one of which may be rated worse."""
    found = worse(version.found) if is_worse else version.found
    repository, tag = version.uri.partition("/")[2].split(":")
    uri = fleet.push(repository, f"{tag}-next", version.kind, found)
    (digest,) = fleet.tags[uri]
    fleet.truths[digest].notified = not is_worse
    uris = (uri, *fleet.running[service][1:])
    family = repository.rsplit("/")[-1]
    yield fleet.registered(fleet.definition(family, uris), uris)
    yield fleet.update(service, family, uris)


def _rated_worse(fleet: Fleet, version: Version) -> Step:
    """The image is scanned again by hand, after Qualys has rated a finding worse."""
    before, found = fleet.truths[version.digest], worse(version.found)
    severities = tuple(int(each["severity"]) for each in found)
    now = truth(before.repository, version.digest, KINDS[version.kind], severities)
    fleet.truths[version.digest] = replace(now, before=before.counts)
    fleet.set_findings(version.config_digest, found)
    request = scan.request(version.uri, ACCOUNT, REGION, OPERATOR, force=True)
    fleet.requests[request["id"]] = version.digest
    intake = fleet.installation.outputs["intake_state_machine_arn"]
    machines = fleet.installation.client("stepfunctions")
    return Step(
        lambda: machines.start_execution(stateMachineArn=intake, input=json.dumps(request)), ()
    )


def worse(found: list[Json]) -> list[Json]:
    """Returns the findings with the worst non-critical one now rated critical."""
    at = max(range(len(found)), key=lambda n: found[n]["severity"] % 5)
    return [each | {"severity": 5} if n == at else each for n, each in enumerate(found)]
