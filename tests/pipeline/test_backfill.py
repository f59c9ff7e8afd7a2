"""What runs without a result is scanned again by each reconciliation, and notified once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from image_scan.aws import clients
from tests.pipeline.test_notified import accept
from tests.support.builders import ACCOUNT, NOTIFY, REGION
from tests.support.fake_ecs import Ecs
from tests.support.machine import TaskFailed
from tests.support.pipeline import URI, Pipeline, ended

Json = dict[str, Any]
DAY = 86_400
SWEEP = "DELETE /registry/{registry}/schedule/bulk"
INTAKE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:intake"


class Running(Ecs):
    """An account's running tasks; what else ECS is asked for goes to moto."""

    def __init__(self, other: Any) -> None:
        super().__init__()
        self._other = other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)


class Account:
    """The pipeline's account, with tasks that run, and a reconciliation."""

    def __init__(self, pipeline: Pipeline, patch: pytest.MonkeyPatch) -> None:
        self.pipeline = pipeline
        self._sent: list[Json] = []
        self._invoked: list[tuple[str, Json]] = []
        client = clients.client
        self.ecs = Running(client("ecs"))
        fakes = {"ecs": self.ecs, "stepfunctions": self, "lambda": self}
        patch.setattr(
            clients, "client", lambda name, *region: fakes.get(name) or client(name, *region)
        )

    def start_execution(self, stateMachineArn: str, input: str) -> None:  # noqa: A002, N803
        assert stateMachineArn == INTAKE
        self._sent.append(json.loads(input))

    def invoke(self, FunctionName: str, InvocationType: str, Payload: str) -> None:  # noqa: N803
        assert InvocationType == "Event"
        self._invoked.append((FunctionName.replace("-", "_"), json.loads(Payload)))

    def runs(self, number: int, uri: str = URI, digest: str = "", service: str = "web") -> None:
        container = {"name": "app", "image": uri, "imageDigest": digest}
        definition = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{service}:1"
        self.ecs.run(number, container, taskDefinitionArn=definition, group=f"family:{service}")

    def reconciles(self) -> tuple[Json, list[tuple[str, str]]]:
        """What was found, and how the scans ended that came of it."""
        machine = {"intake_state_machine_arn": INTAKE}
        found = self.pipeline.functions.invoke("reconcile", machine)
        while self._invoked:
            self.pipeline.functions.invoke(*self._invoked.pop(0))
        sent, self._sent = self._sent, []
        for event in sent:
            run = self.pipeline.intake(event)
            assert run.status == "SUCCEEDED", (run.error, run.cause)
        scans = [ended(run) for run in self.pipeline.scans()]
        self.pipeline.time.sleep(DAY)
        return found, scans


@pytest.fixture
def account(connected: Pipeline, environment: pytest.MonkeyPatch) -> Account:
    return Account(connected, environment)


def verdicts(pipeline: Pipeline) -> list[str]:
    return [message.get("verdict", "DIGEST") for message in pipeline.notifications()]


ENDS: dict[str, Json] = {"TIMEOUT": {"never_ends": True}, "ERROR": {"job_error": "no space"}}


@pytest.mark.parametrize("verdict", ENDS)
def test_what_runs_and_has_failed_is_scanned_again_until_it_has_a_verdict(
    account: Account, verdict: str
) -> None:
    pipeline = account.pipeline
    digest = pipeline.push()
    pipeline.max_polls = 3
    pipeline.qualys.behave(**ENDS[verdict])
    assert ended(pipeline.scan())[0] == verdict
    account.runs(1, digest=digest)
    account.runs(2, digest=digest)
    for _ in range(3):
        found, scans = account.reconciles()
        assert [each for each, _ in scans] == [verdict]
        assert (found["sent"], found["fresh_verdicts"]) == (1, 0)
        assert [each["why"].split(":")[0] for each in found["scans"]] == [verdict]
    pipeline.qualys.behave()
    assert [each for each, _ in account.reconciles()[1]] == ["CLEAN"]
    found, scans = account.reconciles()
    assert (found["coverage_percent"], found["sent"], found["scans"], scans) == (100, 0, [], [])


def test_the_same_failure_is_notified_once_and_then_stands_in_the_digest(account: Account) -> None:
    pipeline = account.pipeline
    account.runs(1, digest=pipeline.push())
    pipeline.qualys.behave(**ENDS["ERROR"])
    pipeline.scan()
    for _ in range(3):
        account.reconciles()
    assert verdicts(pipeline) == ["ERROR", *["DIGEST"] * 3]
    (failed,) = pipeline.notifications()[-1]["failed"]
    assert failed["uri"].startswith(URI)
    assert failed["reason"].startswith("ERROR: ScanFailed")
    assert failed["workloads"] == [f"{ACCOUNT}#{REGION}#prod#family:web"]


def test_where_our_own_account_is_not_read_all_else_is_done_and_the_function_fails(
    account: Account,
) -> None:
    """So that Lambda tries again, and its errors are counted."""
    account.ecs.refuses = True
    with pytest.raises(TaskFailed, match="AwsUnavailable"):
        account.reconciles()
    (digest,) = account.pipeline.notifications()
    unread = {"account": ACCOUNT, "region": REGION, "reason": "ecs:ListClusters: AccessDenied"}
    assert digest["unread"] == [unread]


def test_another_failure_and_another_workload_are_notified(account: Account) -> None:
    pipeline = account.pipeline
    digest = pipeline.push()
    account.runs(1, digest=digest)
    pipeline.qualys.behave(**ENDS["ERROR"])
    pipeline.scan()
    pipeline.qualys.behave(never_ends=True)
    pipeline.max_polls = 3
    account.reconciles()
    assert verdicts(pipeline) == ["ERROR", "DIGEST", "TIMEOUT"]
    account.runs(2, digest=digest, service="other")
    account.reconciles()
    timeout = pipeline.notifications()[-1]
    families = [each["task_definition"].rsplit("/")[-1] for each in timeout["workloads"]]
    assert (timeout["verdict"], families) == ("TIMEOUT", ["other:1"])


def test_findings_of_a_repeated_scan_are_notified_to_all_who_waited(account: Account) -> None:
    pipeline = account.pipeline
    account.runs(1, digest=pipeline.push())
    pipeline.qualys.behave(**ENDS["ERROR"])
    pipeline.scan()
    pipeline.qualys.behave()
    pipeline.find(5)
    account.reconciles()
    assert verdicts(pipeline) == ["ERROR", "DIGEST", "FINDINGS"]


def test_a_failure_that_is_not_the_images_fault_is_queued_once(account: Account) -> None:
    pipeline = account.pipeline
    account.runs(1, digest=pipeline.push())
    pipeline.spoil("/registry/[^/]*/schedule", method="POST", status=403)
    pipeline.scan()
    for _ in range(2):
        account.reconciles()
    assert [each["error"] for each in pipeline.failed_events()] == ["QualysForbidden"]
    assert verdicts(pipeline).count("ERROR") == 1


def test_what_was_never_seen_is_named_with_its_image_and_workload(account: Account) -> None:
    account.runs(1, digest=account.pipeline.push())
    found, scans = account.reconciles()
    assert scans == [("CLEAN", "")]
    (asked,) = found["scans"]
    assert asked["image"].startswith(URI)
    assert asked["why"] == "no verdict"
    assert asked["workloads"] == [f"{ACCOUNT}#{REGION}#prod#family:web"]


def services(message: Json) -> list[str]:
    return sorted(each["task_definition"].rsplit("/")[-1] for each in message["workloads"])


@pytest.fixture
def two(account: Account) -> Account:
    """Two services run an image with a critical and a medium finding; the critical one is accepted
    for now."""
    pipeline = account.pipeline
    digest = pipeline.push()
    pipeline.find(5, 3, cveids=["CVE-2026-0001"])
    accept(cve="CVE-2026-0001", qid=None)
    pipeline.announce(service="web")
    pipeline.announce(service="jobs")
    assert len(pipeline.scans()) == 1
    for number, service in enumerate(("web", "jobs", "web", "jobs")):
        account.runs(number, digest=digest, service=service)
    account.reconciles()
    assert [each for each in verdicts(pipeline) if each != "DIGEST"] == []
    return account


@pytest.mark.parametrize("notify_on", ["new", "all"])
def test_what_runs_is_notified_when_its_exception_has_ended_once_and_together(
    two: Account, notify_on: str
) -> None:
    two.pipeline.configure(NOTIFY=json.dumps({**NOTIFY, "notify_on": notify_on}))
    accept(cve="CVE-2026-0001", qid=None, until="2000-01-01")
    for _ in range(3):
        found, scans = two.reconciles()
        assert (found["sent"], scans) == (0, [])
    (message,) = two.pipeline.notifications()
    assert services(message) == ["jobs:1", "web:1"]
    assert message["notified_counts"]["critical"] == 1


def test_what_runs_is_notified_when_the_threshold_is_lowered(two: Account) -> None:
    accept(cve="CVE-2026-0001", qid=None, until="2000-01-01")
    two.reconciles()
    two.pipeline.configure(NOTIFY=json.dumps({**NOTIFY, "min_severity": "medium"}))
    for _ in range(2):
        two.reconciles()
    first, second = two.pipeline.notifications()
    assert first["workloads"][0]["compared"]["new"] == 1
    assert second["workloads"][0]["compared"] == {"new": 1, "still_open": 1, "fixed": 0}
    assert services(second) == ["jobs:1", "web:1"]


def test_a_reconciliation_that_is_handled_twice_notifies_once(
    two: Account, environment: pytest.MonkeyPatch
) -> None:
    accept(cve="CVE-2026-0001", qid=None, until="2000-01-01")
    intake = two.pipeline.intake

    def twice(event: Json) -> Any:
        intake({**event, "id": f"{event['id']}-again"})
        return intake(event)

    environment.setattr(two.pipeline, "intake", twice)
    two.reconciles()
    assert len(two.pipeline.notifications()) == 1


@pytest.mark.parametrize("first", ["web", "jobs"])
def test_all_that_run_an_image_are_notified_of_what_a_later_scan_of_it_finds(
    account: Account, first: str
) -> None:
    """The verdict has run out, and one of them is deployed."""
    pipeline = account.pipeline
    digest = pipeline.push()
    running = sorted(("web", "jobs", "cron"), key=lambda service: service != first)
    for number, service in enumerate(running):
        pipeline.announce(service=service)
        account.runs(number, digest=digest, service=service)
    pipeline.scans()
    account.reconciles()
    pipeline.time.sleep(8 * DAY)
    pipeline.find(5)
    pipeline.scan(service="web")
    for _ in range(2):
        notified = [services(message) for message in pipeline.notifications()]
        assert notified == [["cron:1", "jobs:1", "web:1"]]
        account.reconciles()


def test_a_schedule_that_a_scan_has_left_is_removed_a_week_later(account: Account) -> None:
    """The registry of the schedule has to be in use: the next image is scanned there."""
    pipeline = account.pipeline
    account.runs(1, digest=pipeline.push())
    pipeline.spoil("/registry/[^/]*/schedule/[^/]*", method="DELETE", status=403)
    pipeline.scan()
    pipeline.time.sleep(7 * DAY)
    pipeline.scan()
    pipeline.qualys.forget_calls()
    account.reconciles()
    assert SWEEP in pipeline.calls()
