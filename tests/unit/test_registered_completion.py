"""A scan without a result of an image that is only registered: the daily digest reports it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from image_scan import log
from image_scan.results import Outcome
from tests.support.builders import CRITICAL, POLICY, scan_input, taken
from tests.support.core import Core

if TYPE_CHECKING:
    from image_scan.contracts import ScanInput
    from tests.support.doubles import Clock

FAILED = Outcome(verdict="ERROR", error="ScanFailed", cause="no space")
LATE = Outcome(verdict="TIMEOUT", reason="no result after 30 checks, 60 s apart")
DEAD = Outcome(verdict="ERROR", error="QualysUnauthorized", cause="HTTP 401")
DAILY = replace(POLICY, unscannable="daily")


def registration(number: int = 1) -> ScanInput:
    definition = f"arn:aws:ecs:us-east-1:123456789012:task-definition/shop:{number}"
    names: Any = {"service": "", "cluster": "", "task_definition": definition}
    return scan_input(f"event-{number}", event_name="RegisterTaskDefinition", **names)


@pytest.fixture
def core(dynamodb: Any, clock: Clock) -> Core:
    log.configure()
    return Core(dynamodb, clock, DAILY)


def reported(core: Core) -> list[tuple[str, list[str]]]:
    images = core.registered.read()["images"].values()
    return [(each["reason"], each["workloads"]) for each in images]


@pytest.mark.parametrize("outcome", [FAILED, LATE])
def test_it_waits_for_the_digest(core: Core, outcome: Outcome) -> None:
    held = taken(core.event(registration()))
    core.end(held, outcome, registration())
    core.end(held, outcome, registration())
    assert core.sent.calls == []
    (found,) = reported(core)
    assert found[0].startswith(outcome["verdict"])
    assert found[1] == ["123456789012#us-east-1##family:shop"]


def test_a_workload_that_waits_is_notified_at_once(core: Core) -> None:
    held = taken(core.event(registration()))
    core.event(scan_input("event-2", service="web", task_definition="worker:1"))
    core.end(held, FAILED, registration())
    assert core.sent.services() == [["web"]]
    assert len(reported(core)) == 1, "another family is registered only"


def test_an_error_of_the_installation_is_notified_at_once(core: Core) -> None:
    core.end(taken(core.event(registration())), DEAD, registration())
    assert len(core.sent.calls) == 1
    assert reported(core) == []


def test_findings_are_announced_at_once(core: Core) -> None:
    core.end(taken(core.event(registration())), CRITICAL, registration())
    assert len(core.sent.calls) == 1
    assert reported(core) == []


@pytest.mark.parametrize(
    ("changes", "messages"),
    [({"unscannable": "each"}, 1), ({"unscannable": "off"}, 1), ({"error": False}, 0)],
)
def test_the_digest_gets_only_what_is_notified_and_only_where_there_is_one(
    dynamodb: Any, clock: Clock, changes: Any, messages: int
) -> None:
    core = Core(dynamodb, clock, replace(DAILY, **changes))
    core.end(taken(core.event(registration())), FAILED, registration())
    assert len(core.sent.calls) == messages
    assert reported(core) == []
