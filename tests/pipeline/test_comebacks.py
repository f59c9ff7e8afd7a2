"""What was over at a service, and comes back: a finding, a version, a repository that ECR shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.test_backfill import Account
from tests.pipeline.test_finding_events import Tracker
from tests.pipeline.test_notified import finding
from tests.pipeline.test_services import Prod
from tests.support.builders import ACCOUNT, REGION
from tests.support.pipeline import REPOSITORY

if TYPE_CHECKING:
    from tests.support.pipeline import Pipeline

Json = dict[str, Any]


@pytest.fixture
def prod(connected: Pipeline, environment: pytest.MonkeyPatch) -> Prod:
    connected.configure(RESCAN_DAYS="1")
    return Prod(Account(connected, environment))


@pytest.fixture
def tracker(prod: Prod, environment: pytest.MonkeyPatch) -> Tracker:
    return Tracker(prod.account, environment)


def running(prod: Prod) -> list[str]:
    return [row["digest"] for row in prod.rows() if row["state"] == "running"]


@pytest.mark.parametrize("has_task", [True, False])
def test_a_finding_of_an_earlier_version_that_a_rescan_finds_is_notified(
    prod: Prod, has_task: bool
) -> None:
    """The version that runs was clean, so the finding was over."""
    one, two = prod.push("1", finding(1, 5)), prod.push("2")
    prod.replaces(one, two)
    prod.call("shop", app="2")
    prod.task(7, "RUNNING", "shop", app=("2", two))
    prod.account.reconciles()
    if not has_task:
        prod.task(2, "STOPPED", "web", app=("2", two))
    before = len(prod.pipeline.notifications())
    prod.find("2", finding(1, 5))
    for _ in range(2):
        prod.account.reconciles()
    if not has_task:
        prod.task(9, "RUNNING", "web", app=("2", two))
    sent = [each for each in prod.pipeline.notifications()[before:] if "workloads" in each]
    named = [one["service"] for each in sent for one in each["workloads"]]
    assert sorted(named) == ["shop", "web"]


def test_what_ecr_shows_again_has_one_row(prod: Prod, tracker: Tracker) -> None:
    """The functions may not read the repository when a task starts, and may a day later."""
    one = prod.push("1", finding(1, 5))
    reads = prod.pipeline.ecr.batch_get_image
    prod.pipeline.ecr_refuses()
    prod.task(1, "RUNNING", "web", app=("1", one))
    prod.sleep(1)
    prod.pipeline.ecr.batch_get_image = reads  # type: ignore[method-assign]
    tracker.day()
    prod.task(2, "RUNNING", "web", app=("1", one))
    prod.task(1, "STOPPED", "web", app=("1", one))
    prod.find("1")
    seen = [change for _ in range(3) for change in tracker.day()]
    assert (running(prod), prod.pipeline.item(one)["status"]) == ([one], "CLEAN")
    assert ("closed", 1) in seen
    assert tracker.day() == []


def test_so_has_what_ecr_shows_no_more(prod: Prod, tracker: Tracker) -> None:
    one = prod.push("1", finding(1, 5))
    prod.task(1, "RUNNING", "web", app=("1", one))
    prod.sleep(1)
    tracker.day()
    prod.pipeline.ecr_refuses()
    for _ in range(4):
        tracker.day()
    assert running(prod) == [f"{ACCOUNT}/{REGION}/{REPOSITORY}:1@{one}"]
    prod.task(1, "STOPPED", "web", app=("1", one))
    assert running(prod) == []


def test_what_was_called_and_did_not_start_is_not_what_ran_last(
    prod: Prod, tracker: Tracker
) -> None:
    one, two = prod.push("1", finding(1, 5)), prod.push("2", finding(2, 5))
    prod.call("web", app="1")
    prod.task(1, "RUNNING", "web", app=("1", one))
    prod.sleep(5)
    prod.task(1, "STOPPED", "web", app=("1", one))
    prod.sleep(12)
    prod.call("web", app="1")  # one more task, and at once another version
    prod.sleep(0.01)
    prod.call("web", app="2")
    prod.task(2, "RUNNING", "web", app=("2", two))
    prod.sleep(8)
    prod.task(2, "STOPPED", "web", app=("2", two))
    prod.sleep(2)
    assert tracker.day() == [("opened", 2)]
