"""Services that go back to a version, have no tasks at night, and change hands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.events import tags as workload_tags
from ops.cache_items import plain
from ops.in_use import forms
from ops.in_use.contents import in_use
from ops.inventory_rows import Read, with_teams
from ops.report.ages import remedied
from tests.pipeline.test_backfill import Account
from tests.pipeline.test_detections import MALWARE
from tests.pipeline.test_finding_events import Tracker
from tests.pipeline.test_notified import finding
from tests.support import tables
from tests.support.builders import ACCOUNT, HOST, REGION
from tests.support.environments import aws_client
from tests.support.pipeline import REPOSITORY

if TYPE_CHECKING:
    from tests.support.pipeline import Pipeline

Json = dict[str, Any]
AT = f"arn:aws:ecs:{REGION}:{ACCOUNT}"


class Prod:
    """Services of a cluster: their calls, and the events of their tasks. A version is a tag with
    its digest."""

    def __init__(self, account: Account) -> None:
        self.account, self.pipeline, self._events = account, account.pipeline, 0

    def push(self, tag: str, *found: Json) -> str:
        self.find(tag, *found)
        return self.pipeline.push(REPOSITORY, tag, f"{ord(tag[0]):x}"[-1] * 64)

    def find(self, tag: str, *found: Json) -> None:
        self.pipeline.qualys.set_findings(f"{REPOSITORY}:{tag}", list(found))

    def call(self, service: str, who: str = "dev", ago: float = 0, **images: str) -> None:
        """UpdateService with a new task definition: containers by name, with their tags."""
        containers = [
            {"name": name, "image": f"{HOST}/{REPOSITORY}:{tag}", "memory": 64}
            for name, tag in images.items()
        ]
        made = aws_client("ecs").register_task_definition(
            family=service,
            containerDefinitions=containers,
        )
        definition = made["taskDefinition"]["taskDefinitionArn"]
        stated = {"serviceName": service, "clusterArn": f"{AT}:cluster/prod"}
        asked = {"cluster": "prod", "service": service, "taskDefinition": definition}
        detail = {
            "eventSource": "ecs.amazonaws.com",
            "eventName": "UpdateService",
            "eventTime": self.now(ago),
            "userIdentity": {"arn": f"arn:aws:iam::{ACCOUNT}:user/{who}"},
            "requestParameters": asked,
            "responseElements": {"service": {**stated, "taskDefinition": definition}},
        }
        self._send("AWS API Call via CloudTrail", detail)

    def task(self, number: int, status: str, service: str, **images: tuple[str, str]) -> None:
        """The event of a task: containers by name, with their tags and digests."""
        detail: Json = {
            "taskArn": f"{AT}:task/prod/{number}",
            "clusterArn": f"{AT}:cluster/prod",
            "taskDefinitionArn": f"{AT}:task-definition/{service}:1",
            "group": f"service:{service}",
            "startedBy": "ecs-svc/1",
            "lastStatus": status,
            "desiredStatus": status,
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "containers": [
                {"name": name, "image": f"{HOST}/{REPOSITORY}:{tag}", "imageDigest": digest}
                for name, (tag, digest) in images.items()
            ],
        }
        self.account.ecs.tasks.pop(detail["taskArn"], None)
        if status == "RUNNING":
            self.account.ecs.tasks[detail["taskArn"]] = detail
        self._send("ECS Task State Change", detail)

    def _send(self, kind: str, detail: Json) -> None:
        self._events += 1
        event: Json = {"id": f"e-{self._events}", "source": "aws.ecs", "detail-type": kind}
        event |= {"account": ACCOUNT, "region": REGION, "resources": [], "time": self.now()}
        run = self.pipeline.intake({**event, "detail": detail})
        assert run.status == "SUCCEEDED", (run.error, run.cause)
        self.pipeline.scans()

    def now(self, ago: float = 0) -> str:
        return datetime.fromtimestamp(self.pipeline.time.time() - ago, UTC).isoformat()

    def sleep(self, hours: float) -> None:
        self.pipeline.time.sleep(hours * 3600)

    def replaces(self, one: str, two: str) -> None:
        """The service web runs version 1, and a day later version 2."""
        self.call("web", app="1")
        self.task(1, "RUNNING", "web", app=("1", one))
        self.sleep(24)
        self.call("web", app="2")
        self.task(2, "RUNNING", "web", app=("2", two))
        self.sleep(0.1)
        self.task(1, "STOPPED", "web", app=("1", one))
        self.sleep(10)

    def rows(self) -> list[Json]:
        items = map(plain, aws_client("dynamodb").scan(TableName=tables.INVENTORY)["Items"])
        return [each for each in items if "account_region" in each]


@pytest.fixture
def prod(connected: Pipeline, environment: pytest.MonkeyPatch) -> Prod:
    return Prod(Account(connected, environment))


@pytest.fixture
def tracker(prod: Prod, environment: pytest.MonkeyPatch) -> Tracker:
    return Tracker(prod.account, environment)


@pytest.mark.parametrize("at_night", [True, False])
def test_the_version_that_a_service_goes_back_to_is_in_use(prod: Prod, at_night: bool) -> None:
    one, two = prod.push("1"), prod.push("2")
    prod.replaces(one, two)
    if at_night:
        prod.task(2, "STOPPED", "web", app=("2", two))

    def digests(days: int) -> set[str]:
        history, now = [{"at": prod.now(), "unreadable": {}}], prod.pipeline.time.time()
        return {*forms.digests(in_use(Read(prod.rows(), []), [], history, now, days)).split()}

    assert digests(30) == {one, two}
    prod.call("web", app="1")
    prod.sleep(0.5)  # its tasks have not started yet
    assert digests(0) == ({one} if at_night else {one, two})
    assert digests(30) == {one, two}


def test_its_tickets_are_those_of_the_version_that_is_deployed(
    prod: Prod, tracker: Tracker
) -> None:
    one, two = prod.push("1"), prod.push("2", finding(2, 5))
    prod.replaces(one, two)
    prod.task(2, "STOPPED", "web", app=("2", two))
    assert tracker.day() == [("opened", 2)]
    prod.call("web", app="1")
    prod.sleep(0.5)
    assert tracker.day() == [("closed", 2)]


def test_what_is_withdrawn_while_a_service_has_no_tasks_is_over(
    prod: Prod, tracker: Tracker
) -> None:
    prod.pipeline.configure(RESCAN_DAYS="1", REMEDIATION_DAYS='{"critical": 1}')
    one = prod.push("1", finding(1, 5))
    for service in ("web", "shop"):
        prod.call(service, app="1")
    prod.task(1, "RUNNING", "web", app=("1", one))
    for day in range(4):
        prod.task(100 + day, "RUNNING", "shop", app=("1", one))
        prod.sleep(10)
        prod.task(100 + day, "STOPPED", "shop", app=("1", one))
        prod.sleep(5)
        if day == 1:
            prod.find("1")  # Qualys withdraws the QID
        before = len(prod.pipeline.notifications())
        seen = tracker.day()  # at night
    assert prod.pipeline.item(one)["status"] == "CLEAN"
    assert (seen, prod.pipeline.notifications()[before:]) == ([], [])


def test_malware_that_comes_back_is_notified_to_who_had_no_task_while_it_was_gone(
    prod: Prod,
) -> None:
    prod.pipeline.configure(RESCAN_DAYS="1")
    prod.pipeline.qualys.behave(examines=["malware"], malware=[MALWARE])
    one = prod.push("1")
    for number, service in enumerate(("web", "shop")):
        prod.call(service, app="1")
        prod.task(number, "RUNNING", service, app=("1", one))
    prod.task(1, "STOPPED", "shop", app=("1", one))
    for malware in ([], [MALWARE]):
        prod.pipeline.qualys.behave(examines=["malware"], malware=malware)
        before = len(prod.pipeline.notifications())
        for _ in range(2):
            prod.account.reconciles()
        prod.task(2, "RUNNING", "shop", app=("1", one))
    sent = prod.pipeline.notifications()[before:]
    notified = {workload["service"] for each in sent for workload in each["workloads"]}
    assert notified == {"shop", "web"}


def test_who_deploys_an_image_again_is_named(prod: Prod) -> None:
    one, two = prod.push("1", finding(1, 5)), prod.push("2")
    prod.replaces(one, two)  # by dev
    before = len(prod.pipeline.notifications())
    prod.task(3, "RUNNING", "web", app=("1", one))
    (sent,) = prod.pipeline.notifications()[before:]
    assert [each["principal"] for each in sent["workloads"]] == [""]
    prod.sleep(0.02)
    prod.call("web", who="bob", ago=120, app="1")  # which CloudTrail was late with
    (row,) = (each for each in prod.rows() if each["tag"] == "1")
    assert row["principal"].endswith("/bob")


def tried(prod: Prod, tracker: Tracker, one: str, two: str) -> None:
    """Two services run version 1 all the time; 2 is tried beside it for half an hour, and rolled
    back."""
    for number, service in enumerate(("api", "web")):
        prod.call(service, app="1")
        prod.task(number, "RUNNING", service, app=("1", one))
    for _ in range(2):
        tracker.day()
    prod.call("web", app="2")
    prod.task(2, "RUNNING", "web", app=("2", two))
    prod.sleep(0.5)
    prod.task(2, "STOPPED", "web", app=("2", two))


def test_at_night_a_service_runs_what_has_stopped_last(prod: Prod, tracker: Tracker) -> None:
    one, two = prod.push("1", finding(1, 5)), prod.push("2", finding(2, 5))
    tried(prod, tracker, one, two)
    prod.sleep(2)
    assert tracker.day() == [("still_open", 1)]
    assert tracker.sent[0]["workloads_total"] == 2
    prod.task(1, "STOPPED", "web", app=("1", one))  # in the evening
    prod.sleep(5)
    assert tracker.day() == [("still_open", 1)]
    assert tracker.sent[0]["workloads_total"] == 2


def test_a_version_that_was_tried_ends_no_remedy(prod: Prod, tracker: Tracker) -> None:
    one, two, three = prod.push("1", finding(1, 5)), prod.push("2"), prod.push("3")
    tried(prod, tracker, one, two)
    for _ in range(4):
        tracker.day()
    prod.call("web", app="3")
    prod.task(3, "RUNNING", "web", app=("3", three))
    prod.sleep(0.1)
    prod.task(1, "STOPPED", "web", app=("1", one))
    contents = {one: {1}, two: set[int](), three: set[int]()}
    assert [each.days for each in remedied(prod.rows(), contents)] == [6]
    prod.sleep(1)
    prod.task(3, "STOPPED", "web", app=("3", three))
    assert [each.days for each in remedied(prod.rows(), contents)] == [6], "it has no task at night"


def test_tickets_have_the_team_of_the_last_notification(
    prod: Prod, tracker: Tracker, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(workload_tags, "read", lambda *_: {"team": "payments"})
    app, jobs = prod.push("app", finding(1, 5)), prod.push("jobs", finding(2, 5))
    prod.call("web", app="app")
    prod.sleep(24)
    prod.call("web", app="app", jobs="jobs")
    images = {"app": ("app", app), "jobs": ("jobs", jobs)}
    prod.task(1, "RUNNING", "web", **images)
    tracker.day()
    environment.setattr(workload_tags, "read", lambda *_: {"team": "checkout"})
    prod.find("app", finding(1, 5), finding(3, 5))
    prod.sleep(24 * 7)
    prod.task(2, "RUNNING", "web", **images)
    tracker.day()
    opened = {each["qid"]: each["owner"] for each in tracker.sent if each["state"] != "closed"}
    reported = {each["tag"]: each["team"] for each in with_teams(prod.rows())}
    assert opened == dict.fromkeys((1, 2, 3), "checkout")
    assert reported == dict.fromkeys(("app", "jobs"), "checkout")
