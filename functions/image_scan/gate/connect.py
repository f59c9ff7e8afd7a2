"""The gate of this installation, by its environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from image_scan import config, log
from image_scan.aws import clients, cross_account
from image_scan.cache.table import CacheTable
from image_scan.errors import ConfigurationError
from image_scan.events.scope import Scope
from image_scan.gate.announcement import Announcer
from image_scan.gate.hook import Gate
from image_scan.gate.inputs import Policy, Rules
from image_scan.gate.services import Services
from image_scan.gate.verdicts import Verdicts
from image_scan.notifications.result_events import ResultEvents
from image_scan.notifications.topics import Topics
from image_scan.state.table import StateTable

if TYPE_CHECKING:
    from collections.abc import Callable


def gate() -> Gate:
    """Raises ConfigurationError."""
    log.configure()
    settings = config.GateSettings.from_environment()
    try:
        policy = Policy(**settings.policy)
        _ = policy.blocking
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"GATE_POLICY is no policy: {error}") from None
    accounts = cross_account.accounts()
    bus, name = config.result_bus(), config.installation_name()
    events = ResultEvents(clients.client("events"), bus, name)
    return Gate(
        rules=Rules(settings.mode, settings.on_undecided, policy),  # type: ignore[arg-type]
        deadline_seconds=settings.deadline_seconds,
        rollback_seconds=settings.rollback_seconds,
        services=Services(accounts),
        accounts=accounts,
        verdicts=Verdicts(CacheTable.connect(), StateTable.connect()),
        start=_starter(settings.intake_arn),
        announce=Announcer(events, _topics).announce,
        scope=Scope.read(config.scope()),
    )


def _topics() -> Topics:
    return Topics(clients.client("sns"), config.topic_arns(), {})


def _starter(machine_arn: str) -> Callable[[dict[str, Any]], None]:
    def start(event: dict[str, Any]) -> None:
        with clients.calls("states:StartExecution"):
            clients.client("stepfunctions").start_execution(
                stateMachineArn=machine_arn, input=json.dumps(event)
            )

    return start
