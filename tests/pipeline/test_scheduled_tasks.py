"""A task that runs an hour a day, and is over each time a reconciliation looks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.test_ages import today
from tests.pipeline.test_backfill import Account
from tests.pipeline.test_finding_events import Tracker
from tests.pipeline.test_notified import accept
from tests.pipeline.test_reassessment import NEW, Web
from tests.support.builders import ACCOUNT, REGION
from tests.support.pipeline import URI

if TYPE_CHECKING:
    from tests.support.pipeline import Pipeline

Json = dict[str, Any]
CVE: Json = {"cve": "CVE-2026-0001", "qid": None}


@pytest.fixture
def account(connected: Pipeline, environment: pytest.MonkeyPatch) -> Account:
    environment.setenv("REMEDIATION_DAYS", '{"critical": 2}')
    return Account(connected, environment)


@pytest.fixture
def tracker(account: Account, environment: pytest.MonkeyPatch) -> Tracker:
    return Tracker(account, environment)


@pytest.fixture
def digest(account: Account) -> str:
    account.pipeline.find(5, cveids=[CVE["cve"]])
    return account.pipeline.push()


def runs_for_an_hour(pipeline: Pipeline, number: int, digest: str) -> None:
    """The call of the schedule, the start, the stop."""
    pipeline.announce()
    pipeline.scans()
    for status in ("RUNNING", "STOPPED"):
        pipeline.time.sleep(1800)
        event = {
            "id": f"task-{number}-{status}",
            "source": "aws.ecs",
            "detail-type": "ECS Task State Change",
            "account": ACCOUNT,
            "region": REGION,
            "time": datetime.fromtimestamp(pipeline.time.time(), UTC).isoformat(),
            "resources": [],
            "detail": {
                "taskArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/{number}",
                "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/prod",
                "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1",
                "group": "family:web",
                "lastStatus": status,
                "desiredStatus": status,
                "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
                "containers": [{"name": "app", "image": URI, "imageDigest": digest}],
            },
        }
        assert pipeline.intake(event).status == "SUCCEEDED"
        pipeline.scans()


def overdue(messages: list[Json]) -> list[str]:
    """Since when each overdue finding of the digests is there."""
    rows = [row for each in messages for row in each.get("overdue", [])]
    return [one["since"] for row in rows for one in row["findings"]]


def test_an_exception_counts(account: Account, tracker: Tracker, digest: str) -> None:
    for number in range(2):
        runs_for_an_hour(account.pipeline, number, digest)
        tracker.day()
    accept(**CVE)
    seen = []
    for number in range(2, 5):
        runs_for_an_hour(account.pipeline, number, digest)
        seen += tracker.day()
    assert ("closed", 1000) in seen


def test_the_end_of_an_exception_is_notified(
    account: Account, tracker: Tracker, digest: str
) -> None:
    pipeline = account.pipeline
    runs_for_an_hour(pipeline, 0, digest)
    tracker.day()
    accept(**CVE)
    for number in (1, 2, 3):
        runs_for_an_hour(pipeline, number, digest)
        tracker.day()
    accept(**CVE, until="2000-01-01")
    began, before = today(account), len(pipeline.notifications())
    for number in (4, 5):
        runs_for_an_hour(pipeline, number, digest)
        tracker.day()
    sent = pipeline.notifications()[before:]
    assert len([each for each in sent if "verdict" in each]) == 1
    assert [day for day in overdue(sent) if day < began] == [], "its age begins again"


def test_it_is_judged_again_once_a_day(
    account: Account, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, invoked = account.pipeline, list[str]()
    runs_for_an_hour(pipeline, 0, digest)
    pipeline.time.sleep(86_400)
    invoke = pipeline.functions.invoke

    def listen(function: str, *arguments: Any) -> Any:
        invoked.append(function)
        return invoke(function, *arguments)

    monkeypatch.setattr(pipeline.functions, "invoke", listen)
    for number in range(1, 5):
        runs_for_an_hour(pipeline, number, digest)
    assert invoked.count("send_notification") == 1


def test_what_is_rated_lower_while_no_task_runs_is_over(
    account: Account, tracker: Tracker, digest: str
) -> None:
    account.pipeline.qualys.behave(continuously_assessed=True)
    seen = list[tuple[str, int]]()
    for number in range(4):
        before = len(account.pipeline.notifications())
        runs_for_an_hour(account.pipeline, number, digest)
        account.pipeline.time.sleep(5 * 3600)
        if number == 1:
            account.pipeline.find(3)
            account.pipeline.qualys.assess()
        seen = tracker.day()
    assert account.pipeline.item(digest)["counts"]["critical"] == 0
    assert (seen, account.pipeline.notifications()[before:]) == ([], [])


def test_what_qualys_learns_is_notified(account: Account) -> None:
    web = Web(account)
    runs_for_an_hour(web.pipeline, 0, web.digest)
    sent = web.assessed(NEW)
    runs_for_an_hour(web.pipeline, 1, web.digest)
    sent += web.assessed(NEW)
    assert len(sent) == 1
