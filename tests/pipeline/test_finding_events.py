"""Each finding is an event of its own, until nothing that its owner runs has it any more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from image_scan.compose import reconciliation
from image_scan.errors import AwsRejected
from image_scan.findings import encoding
from image_scan.inventory import running_tasks
from image_scan.notifications.result_events import ResultEvents
from tests.pipeline import test_backfill
from tests.pipeline.test_backfill import INTAKE, Account
from tests.support.builders import HOST, NOTIFY, REGION
from tests.support.machine import TaskFailed
from tests.support.pipeline import REPOSITORY, URI, Pipeline

Json = dict[str, Any]
BUS = f"arn:aws:events:{REGION}:123456789012:event-bus/default"


class Tracker:
    """What a rule would send to a tracker of tickets."""

    def __init__(self, account: Account, patch: pytest.MonkeyPatch) -> None:
        self.account, self.sent = account, list[Json]()
        account.pipeline.configure(FINDING_BUS=BUS)
        patch.setattr(ResultEvents, "send_all", self._take)

    def _take(self, detail_type: str, contents: list[Json]) -> list[int]:
        if detail_type == "Container Image Finding":
            self.sent += contents
        return []

    def day(self) -> list[tuple[str, int]]:
        """The events of a reconciliation."""
        self.sent = []
        self.account.reconciles()
        return sorted((each["state"], each["qid"]) for each in self.sent)


@pytest.fixture
def tracker(connected: Pipeline, environment: pytest.MonkeyPatch) -> Tracker:
    return Tracker(Account(connected, environment), environment)


def test_a_ticket_is_opened_once_and_closed_when_nothing_runs_it(tracker: Tracker) -> None:
    account, pipeline = tracker.account, tracker.account.pipeline
    pipeline.find(5, 4)
    account.runs(1, digest=pipeline.push())
    assert tracker.day() == [], "nobody was notified before its scan has ended"
    assert tracker.day() == [("opened", 1000), ("opened", 1001)]
    opened = {each["qid"]: each for each in tracker.sent}[1000]
    assert (opened["owner"], opened["repository"]) == ("123456789012", f"{HOST}/{REPOSITORY}")
    assert (opened["severity"], opened["title"]) == ("critical", "finding 0")
    assert opened["workloads_total"] == len(opened["workloads"]) == 1
    assert tracker.day() == [("still_open", 1000), ("still_open", 1001)]
    assert {each["id"] for each in tracker.sent} >= {opened["id"]}
    account.ecs.tasks.clear()
    for _ in range(2):
        assert tracker.day() == [("still_open", 1000), ("still_open", 1001)], "it may be a task"
    assert tracker.day() == [("closed", 1000), ("closed", 1001)]
    closed = {each["qid"]: each for each in tracker.sent}[1000]
    assert (closed["id"], closed["opened_at"]) == (opened["id"], opened["opened_at"])
    assert closed["closed_at"] > closed["opened_at"]
    assert tracker.day() == []


def test_a_new_version_keeps_what_it_has_and_closes_what_it_fixes(tracker: Tracker) -> None:
    account, pipeline = tracker.account, tracker.account.pipeline
    pipeline.find(5, 4)
    account.runs(1, digest=pipeline.push())
    tracker.day()
    tracker.day()
    ids = {each["qid"]: each["id"] for each in tracker.sent}
    pipeline.find(5)
    account.runs(1, f"{HOST}/{REPOSITORY}:2", pipeline.push(tag="2", config="e" * 64))
    assert tracker.day() == [("still_open", 1000), ("still_open", 1001)], "it is not scanned yet"
    assert tracker.day() == [("closed", 1001), ("still_open", 1000)]
    assert {each["qid"]: each["id"] for each in tracker.sent} == ids


def test_a_scan_without_a_result_closes_nothing(tracker: Tracker) -> None:
    account, pipeline = tracker.account, tracker.account.pipeline
    pipeline.find(5)
    account.runs(1, digest=pipeline.push())
    tracker.day()
    tracker.day()
    digest = pipeline.push(tag="2", config="e" * 64)
    pipeline.qualys.behave(f"sha256:{'e' * 64}", job_error="no space")
    account.runs(1, f"{HOST}/{REPOSITORY}:2", digest)
    for _ in range(3):
        assert tracker.day() == [("still_open", 1000)]


def test_findings_that_are_not_listed_close_nothing(
    tracker: Tracker, environment: pytest.MonkeyPatch
) -> None:
    account, pipeline = tracker.account, tracker.account.pipeline
    pipeline.find(5)
    account.runs(1, digest=pipeline.push())
    assert [*tracker.day(), *tracker.day()] == [("opened", 1000)]
    environment.setattr(encoding, "_LARGEST", 10)  # the next version has too many
    pipeline.find(5)
    account.ecs.tasks.clear()
    pipeline.time.sleep(60)
    account.runs(2, digest=pipeline.push(config="e" * 64))
    assert [tracker.day() for _ in range(3)] == [[("still_open", 1000)]] * 3


def test_what_is_below_a_threshold_that_was_raised_is_closed_and_not_overdue(
    tracker: Tracker,
) -> None:
    account, pipeline = tracker.account, tracker.account.pipeline
    medium = json.dumps({**NOTIFY, "min_severity": "medium"})
    pipeline.configure(NOTIFY=medium, REMEDIATION_DAYS='{"medium": 1}')
    pipeline.find(3)
    account.runs(1, digest=pipeline.push())
    tracker.day()
    assert tracker.day() == [("opened", 1000)]
    assert tracker.day() == [("still_open", 1000)]
    assert "overdue" in pipeline.notifications()[-1]
    pipeline.configure(NOTIFY=json.dumps({**NOTIFY, "min_severity": "high"}))
    before = len(pipeline.notifications())
    assert tracker.day() == [("closed", 1000)]
    assert tracker.day() == []
    assert pipeline.notifications()[before:] == []


def test_an_account_that_has_left_keeps_its_tickets_until_it_is_forgotten(
    tracker: Tracker, environment: pytest.MonkeyPatch
) -> None:
    account, pipeline = tracker.account, tracker.account.pipeline
    pipeline.find(5)
    account.runs(1, digest=pipeline.push())
    assert [*tracker.day(), *tracker.day()] == [("opened", 1000)]

    def denied(_: Any, name: str, *__: Any) -> Any:
        if name == "123456789012":
            raise AwsRejected("sts:AssumeRole: AccessDenied")
        return iter(())

    environment.setattr(running_tasks, "events", denied)
    elsewhere = INTAKE.replace("123456789012", "999988887777")
    environment.setattr(test_backfill, "INTAKE", elsewhere)
    assert [tracker.day() for _ in range(4)] == [[("still_open", 1000)]] * 4
    forgotten = reconciliation.forget(elsewhere, [f"123456789012#{REGION}"])
    assert forgotten == {"forgotten": [f"123456789012#{REGION}"]}
    before = len(pipeline.notifications())
    assert [tracker.day(), tracker.day()] == [[("closed", 1000)], []]
    assert pipeline.notifications()[before:] == []


def test_what_goes_out_of_scope_is_closed(tracker: Tracker) -> None:
    account, pipeline = tracker.account, tracker.account.pipeline
    pipeline.find(5)
    account.runs(1, URI, pipeline.push())
    tracker.day()
    tracker.day()
    rule = '{"exclude": [{"name": "apps", "repositories": ["shop/*"]}]}'
    pipeline.configure(SCOPE=rule)
    tracker.day()
    assert tracker.day() in ([("closed", 1000)], [])
    assert tracker.day() == []


@pytest.mark.attack(15)
def test_what_was_not_read_ends_no_ticket(tracker: Tracker) -> None:
    """Whatever ran there last, another version may run by now."""
    account = tracker.account
    account.pipeline.find(5)
    account.runs(1, digest=account.pipeline.push())
    assert [tracker.day(), tracker.day()][1:] == [[("opened", 1000)]]
    account.ecs.tasks.clear()
    assert [tracker.day() for _ in range(2)] == [[("still_open", 1000)]] * 2
    account.ecs.refuses = True
    with pytest.raises(TaskFailed):
        tracker.day()
    assert [each["state"] for each in tracker.sent] == ["still_open"]
    account.ecs.refuses = False
    assert tracker.day() == [("closed", 1000)]
