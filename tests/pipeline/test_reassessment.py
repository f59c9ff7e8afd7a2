"""A CVE that was published after the scan: the reconciliation learns of it from Qualys' lists, and
only workloads that run the image are notified, of what is new alone."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from image_scan.cache.leases import ScanCache
from image_scan.cache.table import CacheTable
from image_scan.errors import AwsUnavailable
from image_scan.notifications.topics import Topics
from tests.pipeline.test_backfill import DAY, Account, account, services  # noqa: F401
from tests.pipeline.test_detections import SECRET
from tests.pipeline.test_notified import finding
from tests.support import tables
from tests.support.builders import NOTIFY
from tests.support.environments import aws_client
from tests.support.pipeline import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
LISTS, SCANS = "GET /images", "POST /registry/{registry}/schedule"
OLD, NEW, MILD = finding(1, 4), finding(2, 5), finding(3, 2)


class Web:
    """A service whose image Qualys assesses again, each time before a reconciliation."""

    def __init__(self, of: Account) -> None:
        self.account, self.pipeline = of, of.pipeline
        self.pipeline.qualys.behave(continuously_assessed=True)
        self.digest = self.pipeline.push()

    def runs(self, *found: Json, service: str = "web") -> None:
        self.pipeline.qualys.set_findings(REPOSITORY, list(found))
        self.pipeline.scan(service=service)
        self.account.runs(1, digest=self.digest, service=service)

    def assessed(self, *found: Json, **behaviour: Any) -> list[Json]:
        """What is notified when Qualys knows these a day later."""
        pipeline = self.pipeline
        pipeline.qualys.set_findings(REPOSITORY, list(found))
        pipeline.qualys.assess()
        pipeline.qualys.behave(continuously_assessed=True, **behaviour)
        pipeline.qualys.forget_calls()
        before = len(pipeline.notifications())
        self.account.reconciles()
        sent = pipeline.notifications()[before:]
        return [each for each in sent if each["schema"].startswith("image-scan/notification")]

    def entry(self) -> Json:
        item = CacheTable(aws_client("dynamodb"), tables.CACHE).get(self.digest)
        assert item
        return item

    def called(self, route: str) -> int:
        return self.pipeline.calls().count(route)


@pytest.fixture
def web(account: Account) -> Web:  # noqa: F811
    return Web(account)


def test_a_clean_image_has_findings_a_day_later_without_a_scan_and_who_runs_it_knows(
    web: Web,
) -> None:
    web.runs()
    assert web.entry()["status"] == "CLEAN"
    (message,) = web.assessed(NEW)
    assert services(message) == ["web:1"]
    assert [(each["qid"], each["new"]) for each in message["findings"]] == [(2, True)]
    assert (web.called(LISTS), web.called(SCANS)) == (2, 0)
    entry = web.entry()
    assert (entry["status"], entry["counts"]["critical"]) == ("FINDINGS", 1)
    assert entry["assessed_at"] > entry["scanned_at"]
    assert web.assessed(NEW) == []
    assert (web.called(LISTS), web.called("GET /images/{sha}/vuln")) == (1, 0)


@pytest.mark.parametrize("notify_on", ["new", "all"])
def test_what_is_new_alone_is_notified_whatever_else_is_known(web: Web, notify_on: str) -> None:
    web.pipeline.configure(NOTIFY=json.dumps({**NOTIFY, "notify_on": notify_on}))
    web.runs(OLD)
    (message,) = web.assessed(OLD, NEW)
    assert message["workloads"][0]["compared"] == {"new": 1, "still_open": 1, "fixed": 0}
    assert web.assessed(OLD, NEW, MILD) == []
    assert web.entry()["counts"]["low"] == 1
    assert len(web.assessed(OLD, NEW, MILD, finding(4, 4))) == 1


@pytest.mark.parametrize(
    ("before", "after", "minimum"),
    [
        ([finding(1, 4)], [finding(1, 5)], "high"),
        ([finding(1, 2)], [finding(1, 3)], "medium"),
        ([finding(1, 4), finding(2, 3)], [finding(2, 3), finding(3, 5)], "high"),
    ],
    ids=["high to critical", "low to medium", "a high one has gone, a critical one has come"],
)
def test_what_qualys_rates_worse_is_notified(
    web: Web, before: list[Json], after: list[Json], minimum: str
) -> None:
    web.pipeline.configure(NOTIFY=json.dumps({**NOTIFY, "min_severity": minimum}))
    web.runs(*before)
    (message,) = web.assessed(*after)
    assert message["findings"][0]["new"]
    assert web.assessed(*after) == []
    assert web.called("GET /images/{sha}/vuln") == 0, "the counts are known then"


def test_a_finding_that_an_earlier_version_had_and_this_one_had_not_is_notified(web: Web) -> None:
    web.runs(NEW)
    web.digest = web.pipeline.push(config="e" * 64)
    web.account.ecs.tasks.clear()
    web.pipeline.time.sleep(60)
    web.runs()
    assert len(web.assessed(NEW)) == 1


def test_a_workload_that_missed_the_secrets_is_notified_of_them(
    web: Web, environment: pytest.MonkeyPatch
) -> None:
    """Its own notification is still queued, and Qualys has since learned of something mild."""
    detected: Json = {"examines": ["secrets"], "secrets": [SECRET]}
    web.pipeline.qualys.behave(continuously_assessed=True, **detected)
    web.runs()
    with environment.context() as down:
        down.setattr(Topics, "publish", Mock(side_effect=AwsUnavailable("sns")))
        web.pipeline.intake(web.pipeline.event(service="late"))
    web.account.runs(2, digest=web.digest, service="late")
    assert [services(each) for each in web.assessed(MILD, **detected)] == [["late:1"]]
    assert web.assessed(MILD, finding(4, 2), **detected) == []


def test_an_event_between_the_new_verdict_and_its_findings_notifies_of_the_verdict(
    web: Web, environment: pytest.MonkeyPatch
) -> None:
    web.runs(OLD)
    keep, meanwhile = ScanCache.keep_findings, list[Json]()

    def late(cache: ScanCache, *arguments: Any) -> None:
        environment.setattr(ScanCache, "keep_findings", keep)
        before = len(web.pipeline.notifications())
        web.pipeline.announce(service="web")
        web.pipeline.scans()
        meanwhile.extend(web.pipeline.notifications()[before:])
        keep(cache, *arguments)

    environment.setattr(ScanCache, "keep_findings", late)
    assert web.assessed(OLD, NEW)
    counts = [each["counts"]["critical"] for each in meanwhile]
    assert counts == [1], "not judged by the findings of the scan before"


def test_the_verdict_runs_out_as_before_and_then_the_image_is_scanned(web: Web) -> None:
    web.runs()
    until = web.entry()["ttl"]
    web.assessed(NEW)
    assert web.entry()["ttl"] == until
    for _ in range(5):
        assert web.assessed(NEW) == []
    assert web.assessed(NEW) == []
    web.pipeline.qualys.forget_calls()
    web.account.reconciles()
    assert web.called(SCANS) == 1


NOT_WHOLE: dict[str, Json] = {
    "the list of findings is cut": {"vuln_most": 1},
    "an unknown shape": {"vuln_shape": "unknown"},
    "another count beside the list": {"summary": {"confirmed": {"sev5Count": 9}}},
    "still being processed": {"pending_vulns": "null", "counts": {"severity5Count": 9}},
}


@pytest.mark.parametrize("behaviour", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_an_answer_that_is_not_whole_changes_nothing_until_it_is(web: Web, behaviour: Json) -> None:
    web.runs(OLD)
    before = web.entry()
    assert web.assessed(OLD, NEW, **behaviour) == []
    after = web.entry()
    assert {**before, "judged_for": 0} == {**after, "judged_for": 0}
    assert len(web.assessed(OLD, NEW)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 200, "body": "{"},
        {"status": 200, "body": '{"count": 0}'},
        {"status": 200, "body": '{"count": 2, "data": []}'},
        {"status": 200, "body": json.dumps({"data": [{"sha": "f" * 64, "vulnerabilities": {}}]})},
        {"status": 204},
        {"status": 400},
        {"status": 403},
        {"status": 503},
    ],
    ids=str,
)
def test_a_list_that_is_missing_cut_or_of_other_images_changes_nothing(
    web: Web, fault: Json
) -> None:
    web.runs(OLD)
    number = web.pipeline.spoil("/images", times=9, **fault)
    before = web.entry()
    assert web.assessed(OLD, NEW) == []
    assert web.entry()["counts"] == before["counts"]
    web.pipeline.qualys.fix(number)
    assert len(web.assessed(OLD, NEW)) == 1


def test_findings_are_never_called_clean_without_a_scan(web: Web) -> None:
    web.runs(NEW)
    assert web.assessed() == []
    assert web.entry()["status"] == "FINDINGS"


def test_an_image_that_qualys_does_not_assess_stays_as_its_scan_found_it(web: Web) -> None:
    web.runs()
    web.pipeline.qualys.behave()
    web.pipeline.qualys.set_findings(REPOSITORY, [NEW])
    assert web.pipeline.qualys.assess() == 0
    web.account.reconciles()
    assert web.entry()["status"] == "CLEAN"


def test_a_completion_that_comes_again_or_late_notifies_once(
    web: Web, environment: pytest.MonkeyPatch
) -> None:
    web.runs()
    invoke, payloads = web.account.invoke, list[str]()

    def twice(FunctionName: str, InvocationType: str, Payload: str) -> None:  # noqa: N803
        if FunctionName == "send-notification":
            payloads.append(Payload)
        for _ in range(2):
            invoke(FunctionName, InvocationType, Payload)

    environment.setattr(web.account, "invoke", twice)
    assert len(web.assessed(NEW)) == 1
    web.pipeline.time.sleep(8 * DAY)
    web.pipeline.scan(service="web")
    web.pipeline.functions.invoke("send_notification", json.loads(payloads[0]))
    assert len(web.pipeline.notifications()) == 1
    assert "assessed_at" not in web.entry(), "of the scan since then"


def test_what_qualys_does_not_assess_is_scanned_again_after_some_days(web: Web) -> None:
    web.pipeline.configure(RESCAN_DAYS="3")
    web.pipeline.qualys.behave()
    web.runs(OLD)
    scans = []
    for _ in range(9):
        web.pipeline.qualys.set_findings(REPOSITORY, [OLD, NEW])
        web.pipeline.qualys.forget_calls()
        web.account.reconciles()
        scans.append(web.called(SCANS))
    assert scans == [0, 0, 0, 1, 0, 0, 1, 0, 0]
    notified = [each for each in web.pipeline.notifications() if "verdict" in each]
    assert [each["workloads"][0].get("compared") for each in notified] == [
        None,
        {"new": 1, "still_open": 1, "fixed": 0},
    ]


def test_what_qualys_assesses_is_not_scanned_before_its_verdict_has_expired(web: Web) -> None:
    web.pipeline.configure(RESCAN_DAYS="3")
    web.runs(OLD)
    for _ in range(6):
        assert web.assessed(OLD) == []
        assert web.called(SCANS) == 0


def test_an_image_is_scanned_again_once_however_many_tasks_run_it(web: Web) -> None:
    web.pipeline.configure(RESCAN_DAYS="1")
    web.pipeline.qualys.behave()
    web.runs(OLD)
    for number in range(2, 6):
        web.account.runs(number, digest=web.digest, service=f"s-{number % 2}")
    web.account.reconciles()
    web.pipeline.qualys.forget_calls()
    _, scans = web.account.reconciles()
    assert (len(scans), web.called(SCANS)) == (1, 1)


@pytest.fixture
def days(web: Web, environment: pytest.MonkeyPatch) -> Iterator[Json]:
    """What the reconciliations of the next two weeks find, at the same time each day."""
    environment.setattr("tests.pipeline.test_backfill.DAY", 0)
    web.pipeline.qualys.behave()
    began = web.pipeline.time.time()

    def each() -> Iterator[Json]:
        for day in range(1, 17):
            web.pipeline.time.sleep(began + day * DAY - web.pipeline.time.time())
            web.pipeline.qualys.forget_calls()
            yield {**web.account.reconciles()[0], "day": day, "scanned": web.called(SCANS)}

    return each()


@pytest.mark.parametrize("period", [1, 3])
def test_a_running_image_is_scanned_again_each_rescan_days(
    web: Web, days: Iterator[Json], period: int
) -> None:
    web.pipeline.configure(RESCAN_DAYS=str(period))
    web.runs(OLD)
    scanned = [found["day"] for found in days if found["scanned"]]
    assert {later - day for day, later in pairwise(scanned)} == {period}


def test_what_runs_all_the_time_has_a_verdict_each_day_and_52_scans_a_year(
    web: Web, days: Iterator[Json]
) -> None:
    web.runs(OLD)
    found = list(days)
    assert {each["coverage_percent"] for each in found} == {100}
    assert [each["day"] for each in found if each["scanned"]] == [7, 14]


def test_what_qualys_assesses_is_scanned_as_well_before_its_verdict_runs_out(
    web: Web, days: Iterator[Json]
) -> None:
    """On that day its scan says what is new, and nothing else does."""
    web.runs(OLD)
    for found in days:
        web.pipeline.qualys.behave(continuously_assessed=True)
        web.pipeline.qualys.set_findings(REPOSITORY, [OLD, *[NEW] * (found["day"] >= 6)])
        web.pipeline.qualys.assess()
        assert found["coverage_percent"] == 100
    notified = [each for each in web.pipeline.notifications() if "verdict" in each]
    assert [len(each["findings"]) for each in notified] == [1, 2]


def test_a_rescan_that_fails_leaves_the_verdict_that_is_valid(web: Web) -> None:
    web.pipeline.configure(RESCAN_DAYS="2")
    web.pipeline.qualys.behave()
    web.runs()
    for _ in range(2):
        web.account.reconciles()
    before, counted = web.entry(), {"ttl", "acquired_at", "announced", "status", "counts"}
    web.pipeline.qualys.behave(job_error="no space")
    for _ in range(3):
        found, scans = web.account.reconciles()
        assert (found["coverage_percent"], scans) == (100, [("ERROR", "ScanFailed")])
        assert {name: web.entry()[name] for name in counted} == {n: before[n] for n in counted}
    web.pipeline.qualys.behave()
    web.pipeline.qualys.set_findings(REPOSITORY, [NEW])
    assert web.account.reconciles()[1] == [("FINDINGS", "")]
    assert [each["verdict"] for each in web.pipeline.notifications()] == ["FINDINGS"]
    assert web.pipeline.failed_events() == []


def test_a_rescan_that_is_delivered_again_after_its_scan_scans_nothing(
    web: Web, environment: pytest.MonkeyPatch
) -> None:
    web.pipeline.configure(RESCAN_DAYS="1")
    web.pipeline.qualys.behave()
    web.runs(OLD)
    intake, events = web.pipeline.intake, list[Json]()

    def noted(event: Json) -> Any:
        events.append(event)
        return intake(event)

    environment.setattr(web.pipeline, "intake", noted)
    web.account.reconciles()
    web.account.reconciles()
    (rescan,) = [event for event in events if "rescan" in event]
    assert intake(rescan).status == "SUCCEEDED"
    assert web.pipeline.scans() == []
