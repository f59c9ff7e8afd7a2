"""A row says by which rule its workload is out of scope, and no event or scan waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from image_scan.cache.standing import is_watched
from image_scan.results import Outcome
from tests.support.builders import CRITICAL, image, scan_input, taken
from tests.support.core import Core

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from image_scan.contracts import ScanInput
    from tests.support.doubles import Clock


@pytest.fixture
def core(dynamodb: DynamoDBClient, clock: Clock) -> Core:
    return Core(dynamodb, clock)


def out(**more: Any) -> Any:
    return image(out_of_scope="agents", **more)


def task(number: int, of: Any = None) -> ScanInput:
    started = scan_input(f"task-{number}", of, event_name="ECS Task State Change", principal="")
    return {**started, "task": {"arn": f"arn/{number}", "stopped": False}}


def rule(core: Core) -> str:
    return str(core.workloads()["web"].get("out_of_scope", ""))


def test_each_event_says_whether_its_workload_is_in_scope(core: Core) -> None:
    """Within the hour in which a running workload is otherwise not written again."""
    asked = [scan_input("call", out()), task(1), task(2, out()), task(3, out()), task(4)]
    rules = []
    for each in asked:
        core.inventory.note(each)
        rules.append(rule(core))
    assert rules == ["agents", "", "agents", "agents", ""]
    assert core.workloads()["web"]["state"] == "running"


def test_an_event_that_began_a_scan_goes_on_with_it(core: Core) -> None:
    """Or nobody would: others wait for its lease."""
    held = taken(core.event(scan_input()))
    assert core.event(scan_input("another", service="worker"))["decision"] == "skip"
    assert taken(core.event(scan_input(of=out()))) == held
    assert core.event(scan_input("other-event", out()))["decision"] == "skip"
    core.end(held, CRITICAL)
    assert core.sent.services() == [["worker"]]
    assert core.sent.announced == [("FINDINGS", ["worker"])]


def test_what_is_known_is_notified_to_nobody_out_of_scope(core: Core) -> None:
    core.end(taken(core.event(scan_input())), CRITICAL)
    for wanted in (False, True):
        late = scan_input(f"late-{wanted}", out(wanted=wanted), service="worker")
        assert core.handle(late)["decision"] == "skip"
    assert core.sent.services() == [["web"]]
    watched = [row["service"] for row in core.claims.rows(image()["key"]) if is_watched(row)]
    assert watched == ["web"]


def test_what_comes_back_into_scope_is_notified(core: Core) -> None:
    core.end(taken(core.event(scan_input())), CRITICAL)
    core.handle(scan_input("first", out(), service="worker"))
    core.handle(scan_input("second", service="worker"))
    assert core.sent.services() == [["web"], ["worker"]]


def test_a_foreign_image_out_of_scope_is_notified_to_nobody(core: Core) -> None:
    foreign = {"account_id": "", "key": "other#nginx", "unscannable": "it is not in ECR"}
    for wanted in (False, True):
        asked = scan_input("event", out(**foreign, wanted=wanted))
        assert core.handle(asked)["decision"] == "skip"
    assert core.sent.calls == []


def test_a_task_that_comes_into_scope_has_an_image_without_a_result_scanned(core: Core) -> None:
    failed = Outcome(verdict="ERROR", error="ScanFailed", cause="no space")
    core.inventory.note(task(1, out()))
    core.end(taken(core.event(scan_input("other", service="worker"))), failed)
    assert core.event(task(2))["decision"] == "scan"


def test_what_is_out_of_scope_hides_no_registration_of_its_family(core: Core) -> None:
    names: Any = {"service": "", "cluster": "", "event_name": "RegisterTaskDefinition"}
    held = taken(core.event(scan_input("registered", **names)))
    core.inventory.note(scan_input("run", out(), event_name="RunTask", service="", cluster="prod"))
    core.end(held, CRITICAL)
    assert len(core.sent.calls) == 1
