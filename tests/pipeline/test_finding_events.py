"""Each finding is an event of its own, until nothing that its owner runs has it any more."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.notifications.result_events import ResultEvents
from tests.pipeline.test_backfill import Account
from tests.support.builders import HOST, REGION
from tests.support.pipeline import REPOSITORY, URI, Pipeline

Json = dict[str, Any]
BUS = f"arn:aws:events:{REGION}:123456789012:event-bus/default"


class Tracker:
    """What a rule would send to a tracker of tickets."""

    def __init__(self, account: Account, patch: pytest.MonkeyPatch) -> None:
        self.account, self.sent = account, list[Json]()
        account.pipeline.configure(FINDING_BUS=BUS)
        patch.setattr(ResultEvents, "send_all", self._take)

    def _take(self, detail_type: str, contents: list[Json]) -> None:
        if detail_type == "Container Image Finding":
            self.sent += contents

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
