"""A verdict whose notification failed: who waited for it is notified of the next, and once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from image_scan import log
from image_scan.aws.dynamodb import Change
from image_scan.contracts import TaskState
from image_scan.errors import AwsRejected
from image_scan.results import Outcome
from tests.support.builders import (
    CLEAN,
    CRITICAL,
    DIGEST,
    NOW,
    WEEK,
    scan_input,
    tag_only,
    taken,
)

if TYPE_CHECKING:
    from image_scan.contracts import Lease, ScanInput
    from tests.support.core import Core
    from tests.support.doubles import Clock

DAY = 86_400
FAILED = Outcome(verdict="ERROR", error="ScanFailed", reason="ScanFailed: no space")
REGISTERED: dict[str, Any] = {
    "service": "",
    "event_name": "RegisterTaskDefinition",
    "task_definition": "another:1",
}


@pytest.fixture(autouse=True)
def configured() -> None:
    log.configure()


def task(core: Core, number: int, *, stopped: bool = False, of: Any = None) -> ScanInput:
    at = datetime.fromtimestamp(int(core.now()), UTC).isoformat()
    where: Any = {"event_name": "ECS Task State Change", "principal": "", "event_time": at}
    asked = scan_input(f"task-{number}-{stopped}", of=of, service="batch", **where)
    return {**asked, "task": TaskState(arn=f"task/{number}", stopped=stopped)}


def forced() -> ScanInput:
    asked = scan_input("hand", service="", event_name="ScanRequest", cluster="", principal="")
    return {**asked, "force": True}


def refused(core: Core, held: Lease, asked: ScanInput) -> None:
    """The verdict is written, and its notification is refused."""
    core.sent.error = AwsRejected("sns:Publish: KMS denied")
    with pytest.raises(AwsRejected):
        core.end(held, CRITICAL, asked)
    core.sent.error = None
    assert core.entry()["status"] == "FINDINGS"


def test_a_forced_scan_notifies_who_waited_for_the_one_before(core: Core, clock: Clock) -> None:
    registration = scan_input("registration", **REGISTERED)
    held = taken(core.event(registration))
    core.event(task(core, 1))
    core.event(task(core, 1, stopped=True))
    refused(core, held, registration)
    clock.now += 2 * 3600
    core.end(taken(core.event(forced())), CRITICAL, forced())
    (call,) = core.sent.calls
    assert call[2] == ["", "", "batch"], "the registration, who asked by hand, and the task"


@pytest.mark.parametrize("is_removed", [False, True], ids=["stored", "removed by DynamoDB"])
def test_a_redrive_after_the_verdict_ran_out_notifies_a_task_that_is_over(
    core: Core, clock: Clock, *, is_removed: bool
) -> None:
    started = task(core, 1)
    held = taken(core.event(started))
    core.event(task(core, 1, stopped=True))
    refused(core, held, started)
    clock.now += 8 * DAY
    if is_removed:
        core.table.delete(DIGEST)
    queued: ScanInput = {**started, "task": None}
    core.end(taken(core.event(queued)), CRITICAL, queued)
    assert core.sent.services() == [["batch"]]


def test_a_queued_request_writes_no_row_of_its_own(core: Core) -> None:
    core.event({**task(core, 1), "task": None})
    assert core.workloads() == {}


def test_who_was_notified_of_findings_does_not_wait_for_the_next_scan(
    core: Core, clock: Clock
) -> None:
    started = task(core, 1)
    held = taken(core.event(started))
    core.event(task(core, 1, stopped=True))
    core.end(held, CRITICAL, started)
    assert core.entry()["announced"] is True
    clock.now += 2 * 3600
    core.end(taken(core.event(forced())), CRITICAL, forced())
    assert core.sent.services() == [["batch"], [""]]


@pytest.mark.parametrize("name", ["RegisterTaskDefinition", "ScanRequest"])
def test_a_request_that_is_delivered_again_is_announced_once(core: Core, name: str) -> None:
    asked = scan_input("again", **{**REGISTERED, "event_name": name})
    core.end(taken(core.event(asked)), CRITICAL, asked)
    for _ in range(2):
        core.handle(asked)
    assert len(core.sent.calls) == 1


def test_a_request_whose_notification_was_refused_is_announced_by_the_redrive(core: Core) -> None:
    asked = scan_input("again", **REGISTERED)
    refused(core, taken(core.event(asked)), asked)
    for _ in range(2):
        core.handle(asked)
    assert core.sent.services() == [[""]]


def test_a_slow_completion_marks_no_later_lease(core: Core) -> None:
    held = taken(core.event(scan_input()))

    def overtake() -> None:
        core.event(forced())

    core.sent.meanwhile = overtake
    core.end(held, CRITICAL)
    assert core.entry()["status"] == "IN_PROGRESS"
    assert "announced" not in core.entry()


@pytest.mark.parametrize(("outcome", "seconds"), [(FAILED, WEEK), (CLEAN, 3600)])
def test_a_failure_without_a_digest_lasts_as_long_as_any(
    core: Core, clock: Clock, outcome: Outcome, seconds: int
) -> None:
    started = task(core, 1, of=tag_only())
    core.end(taken(core.event(started)), outcome, started)
    assert core.entry(tag_only()["key"])["ttl"] == NOW + seconds
    clock.now += 3700
    again = core.event(task(core, 2, of=tag_only()))
    assert again["decision"] == ("skip" if outcome is FAILED else "scan")


def test_a_verdict_that_nobody_is_notified_of_is_announced_as_it_is_written(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.cache, "announced", None)
    core.end(taken(core.event(scan_input())), CLEAN)
    assert core.entry()["announced"]


def test_a_redrive_goes_on_with_a_clean_verdict_that_ends_what_was_notified(
    core: Core, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the same findings would not be news when they come back."""
    core.end(taken(core.event(scan_input())), CRITICAL)
    (row,) = core.workloads().values()
    core.rows.update(DIGEST, row["workload"], Change({"notified": "some findings"}))
    clock.now += 1
    asked = forced()
    held = taken(core.event(asked))
    with monkeypatch.context() as patch:
        patch.setattr(core.sent, "notify", lambda *_: (_ for _ in ()).throw(AwsRejected("no")))
        with pytest.raises(AwsRejected):
            core.end(held, CLEAN, asked)
    assert (core.entry()["status"], core.entry().get("announced")) == ("CLEAN", None)
    again = core.handle(asked)
    assert (again["decision"], again["lease"]) == ("notify", held)
    assert core.entry()["announced"]
    assert core.event(asked)["decision"] == "skip"
