"""The command `admit`: what the deployment gate would decide about an image, for pipelines."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from rich.text import Text

from image_scan.aws.cross_account import Accounts
from image_scan.cache.table import CacheTable
from image_scan.errors import ScanError
from image_scan.events.task_definitions import TaskDefinition
from image_scan.gate import bypass, decision, images
from image_scan.gate.inputs import Situation
from image_scan.gate.services import Revision, ServiceDeployment, Services
from image_scan.gate.verdicts import Verdicts
from image_scan.state.table import StateTable
from ops import scan
from ops.cache_items import CacheItems
from ops.errors import OpsError
from ops.gate import settings
from ops.gate.command import STYLES
from ops.installation import Installation, add_options, is_set
from ops.printing import inert_stream
from ops.scan_target import add_image, add_platform, ecr_uri, require_image, require_platform

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rich.console import Console

    from image_scan.gate.decision import Decision
    from image_scan.gate.inputs import Candidate
    from ops.gate.settings import GateSettings

Json = dict[str, Any]
_STATUS = {"SUCCEEDED": 0, "FAILED": 1, "IN_PROGRESS": 3}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Says what the deployment gate decides about an image of Amazon ECR in enforce mode, "
        "before anything is deployed. The exit status is 0 if a deployment may go on, 1 if it may "
        "not, and 3 if the image has no verdict yet."
    )
    add_image(parser)
    parser.add_argument(
        "--service",
        default=os.environ.get("SERVICE", ""),
        help="the service that it is for, as cluster/service: what runs there may (SERVICE)",
    )
    add_platform(parser)
    parser.add_argument(
        "--wait",
        action="store_true",
        default=is_set("WAIT"),
        help="scan an image without a verdict, and wait for it (WAIT=1)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(inert_stream(sys.stderr)))
    try:
        return _admit(arguments, console)
    finally:
        structlog.configure(**before)


def _admit(arguments: argparse.Namespace, console: Console) -> int:
    require_image(arguments.image)
    require_platform(arguments.platform)
    installation = Installation.of(arguments)
    gate = settings.require(installation)
    uri = ecr_uri(installation, CacheItems(installation), arguments.image)
    asked = Asked(installation, gate, uri, arguments.platform, arguments.service, time.time())
    decided = asked.decide(overdue=False)
    if decided.waiting and arguments.wait:
        asked.scan(console, quiet=arguments.json)
        decided = asked.decide(overdue=True)
    status = decision.status(decided, gate.rules)
    reported = {
        "image": uri,
        "service": arguments.service,
        "decision": decided.result,
        "effect": decision.effect(decided, gate.rules),
        "waiting": decided.waiting,
        "bypass_until": decided.bypass_until,
        "reasons": decided.reasons,
        "why": [each.why for each in decided.images],
    }
    _show(reported, console, as_json=arguments.json)
    return _STATUS[status]


@dataclass(frozen=True)
class Asked:
    """An image that is to be deployed, maybe in a service (`cluster/service`). A scan without a
    result from before `began`, in epoch seconds, is as none."""

    installation: Installation
    gate: GateSettings
    uri: str
    platform: str
    service: str
    began: float

    def scan(self, console: Console, *, quiet: bool) -> None:
        """Has the image scanned, and waits for the verdict. Raises OpsError."""
        here = self.installation
        caller = here.caller_arn
        request = scan.request(self.uri, here.account_id, here.region, caller, force=False)
        request["detail"]["platform"] = self.platform
        scan.send(here, request, console, wait=True, quiet=quiet)

    def decide(self, *, overdue: bool) -> Decision:
        """Decides as the gate does. `overdue`: no verdict is waited for. Raises OpsError."""
        try:
            return self._decide(overdue=overdue)
        except ScanError as error:
            raise OpsError(f"Nothing could be decided: {error}") from error

    def _decide(self, *, overdue: bool) -> Decision:
        now = datetime.now(UTC)
        accounts = Accounts(None, self._client, _no_members)
        dynamodb = self.installation.client("dynamodb")
        cache = CacheTable(dynamodb, self.installation.cache_table)
        verdicts = Verdicts(cache, StateTable(dynamodb, self.installation.state_table))
        definition = TaskDefinition((("app", self.uri),), self.platform)
        revision = self._revision()
        found = images.of(revision, definition, now.isoformat(), accounts, self.gate.scope)
        candidates = [each for each, _ in found]
        known = verdicts.of(candidates)
        situation = Situation(
            now.date(),
            exceptions=verdicts.exceptions(),
            started=int(self.began * 1000),
            overdue=overdue,
        )
        if self.service:
            situation = self._there(Services(accounts), revision, candidates, situation)
        decided = decision.decide(candidates, known, self.gate.rules, situation)
        if decided.result == "undecided":
            images.require_read(found)
        return decided

    def _there(
        self,
        services: Services,
        revision: Revision,
        candidates: Sequence[Candidate],
        situation: Situation,
    ) -> Situation:
        """Adds what the service admits: what runs or ran there, and its tag."""
        since = time.time() - self.gate.rollback_days * 86_400
        digests = [each.digest for each in candidates if each.digest]
        deployment = ServiceDeployment("", revision.service_arn, time.time(), ())
        tag = services.bypass_tag(revision.service_arn)
        return replace(
            situation,
            admitted=services.admitted(revision, deployment, since, digests),
            bypass_until=bypass.read(tag, datetime.now(UTC)).until,
        )

    def _revision(self) -> Revision:
        """The revision that a deployment would make. Raises OpsError for no name of a service."""
        cluster, _, service = self.service.partition("/")
        if self.service and not (cluster and service):
            raise OpsError(f"SERVICE={self.service} is no service: write it as cluster/service.")
        here = self.installation
        return Revision(
            arn="",
            service_arn=here.arn("ecs", f"service/{self.service or '-/-'}"),
            cluster_arn=here.arn("ecs", f"cluster/{cluster or '-'}"),
            task_definition="",
            digests={},
            named=frozenset(),
        )

    def _client(self, service: str, region: str) -> Any:
        return self.installation.session.client(service, region_name=region)  # type: ignore[call-overload]


def _no_members(*_: str) -> Any:
    raise AssertionError("an operator reads with credentials of one account")


def _show(reported: Json, console: Console, *, as_json: bool) -> None:
    if as_json:
        console.print_json(json.dumps(reported))
        return
    effect = reported["effect"]
    words = {"blocked": "It would be blocked.", "allowed": "It would be let through."}
    words |= {"bypassed": f"It would pass by the tag, until {reported['bypass_until']}."}
    said = words.get(effect, "It is undecided, and on_undecided lets it through.")
    if reported["waiting"]:
        said = "It has no verdict yet: WAIT=1 scans it."
    console.print(Text(said, style=STYLES[effect]))
    for line in reported["reasons"] or reported["why"]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
