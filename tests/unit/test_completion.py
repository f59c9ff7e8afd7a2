"""Completion: a verdict is recorded, and each workload that waits is notified once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from image_scan import log
from image_scan.contracts import ScanInput, TaskState
from image_scan.errors import AwsUnavailable
from image_scan.events import execution_ended
from image_scan.notifications.policy import NotificationPolicy
from image_scan.results import Outcome
from tests.support.builders import (
    CLEAN,
    CRITICAL,
    DIGEST,
    HOST,
    LEASE,
    MEDIUM,
    NOTIFY,
    completion_input,
    image,
    recorded,
    scan_input,
    taken,
)
from tests.support.core import Core

if TYPE_CHECKING:
    from image_scan.contracts import Completed, Lease
    from tests.support.doubles import Clock

DAY = 86_400
TIMEOUT = Outcome(verdict="TIMEOUT", reason="no result after 30 checks, 60 s apart")
FAILED = Outcome(verdict="ERROR", error="ScanFailed", reason="ScanFailed: no space")
DEAD = Outcome(verdict="ERROR", error="QualysUnauthorized", cause='{"errorMessage": "HTTP 401"}')
UNSCANNABLE = Outcome(verdict="UNSCANNABLE", error="ImageNotScannable", cause="its tag moved")


@pytest.fixture(autouse=True)
def configured() -> None:
    log.configure()


def begun(core: Core, *services: str, **where: Any) -> Lease:
    """A scan that the first of the services has begun, and the others wait for."""
    first, *others = services or ("web",)
    held = taken(core.event(scan_input("event-1", service=first, **where)))
    for number, service in enumerate(others, 2):
        core.event(scan_input(f"event-{number}", service=service, **where))
    return held


class TestResult:
    @pytest.mark.parametrize(
        ("outcome", "is_bad"), [(CRITICAL, True), (MEDIUM, False), (CLEAN, False)]
    )
    def test_it_is_always_recorded_and_notified_when_bad(
        self, core: Core, outcome: Outcome, is_bad: bool
    ) -> None:
        assert core.end(begun(core), outcome) == {
            "verdict": outcome["verdict"],
            "notified": is_bad,
            "queued": False,
            "error": "",
            "reason": "",
        }
        assert bool(core.sent.calls) is is_bad
        assert core.entry()["status"] == outcome["verdict"]

    def test_the_workloads_that_waited_are_notified_together(self, core: Core) -> None:
        held = begun(core, "web", "worker")
        core.end(held, CRITICAL)
        assert core.sent.calls == [(DIGEST, "FINDINGS", ["web", "worker"])]
        rows = core.workloads().values()
        assert {row["notified_of"] for row in rows} == {held["acquired_at"]}
        assert not any("claimed_by" in row for row in rows)

    def test_it_is_announced_before_it_is_recorded_whoever_is_notified(self, core: Core) -> None:
        held = begun(core, "web", "worker")
        for _ in range(2):
            core.end(held, CLEAN)
        assert core.sent.announced == [("CLEAN", ["web", "worker"])]

    @pytest.mark.parametrize("outcome", [CRITICAL, TIMEOUT])
    def test_who_comes_while_the_others_are_notified_is_notified_too(
        self, core: Core, outcome: Outcome
    ) -> None:
        held = begun(core)
        late = scan_input("event-2", service="late")
        core.sent.meanwhile = lambda: core.handle(late)
        core.end(held, outcome)
        if outcome is CRITICAL:
            assert core.sent.services() == [["web"], ["late"]]
        else:  # it scans again, and that is for both
            core.end(taken(core.event(late)), CRITICAL)
            assert core.sent.services() == [["web"], ["late", "web"]]

    def test_who_has_stopped_meanwhile_is_notified_all_the_same(self, core: Core) -> None:
        begun(core)
        core.event(task(1))
        core.event(task(1, stopped=True))
        assert core.workloads()["web"]["state"] == "stopped"
        core.end(taken(core.event(scan_input("event-1"))), CRITICAL)
        assert core.sent.services() == [["web"]]

    def test_a_registration_is_announced_though_its_family_has_run_before(
        self, core: Core, clock: Clock
    ) -> None:
        held = begun(core)
        core.event(task(1))
        core.end(held, CLEAN)
        core.event(task(1, stopped=True))
        core.table.delete_item({"imageDigest": DIGEST})
        clock.now += 10 * DAY
        registered = scan_input(
            "event-2", service="", cluster="", event_name="RegisterTaskDefinition"
        )
        core.sent.calls.clear()
        core.end(taken(core.event(registered)), CRITICAL)
        assert len(core.sent.calls) == 1

    def test_a_row_without_its_facts_stops_no_completion(self, core: Core) -> None:
        held = begun(core)
        core.rows.put(DIGEST, "111122223333#us-east-1#prod#gone", {"state": "stopped"})
        core.end(held, CRITICAL)
        assert core.sent.services() == [["web"]]

    def test_who_had_an_answer_and_has_stopped_is_left_alone(
        self, core: Core, clock: Clock
    ) -> None:
        core.end(begun(core), CLEAN)
        core.event(task(1))
        core.event(task(1, stopped=True))
        clock.now += 8 * DAY
        core.end(taken(core.event(scan_input("event-2", service="worker"))), CRITICAL)
        assert core.sent.services() == [["worker"]]

    def test_who_runs_it_still_is_notified_of_a_later_scan(self, core: Core, clock: Clock) -> None:
        core.end(begun(core), CLEAN)
        clock.now += 8 * DAY
        core.end(taken(core.event(scan_input("event-2", service="worker"))), CRITICAL)
        assert core.sent.services() == [["web", "worker"]]

    @pytest.mark.attack(3)
    def test_a_thousand_workloads_are_notified_once_each_a_hundred_at_a_time(
        self, core: Core
    ) -> None:
        services = [f"service-{number:04}" for number in range(1000)]
        held = begun(core, *services)
        entry = core.entry()
        core.end(held, CRITICAL)
        notified = core.sent.services()
        assert max(len(each) for each in notified) == 100
        assert sorted(name for each in notified for name in each) == services
        assert len(json.dumps([entry, core.entry()])) < 10_000

    def test_no_account_comes_after_all_workloads_of_another(self, core: Core) -> None:
        held = taken(core.event(scan_input("mine", service="mine")))
        for number in range(150):
            other = scan_input(f"e{number}", service=f"crowd-{number}", account="000000000001")
            core.event(other)
        core.end(held, CRITICAL)
        first, *_ = core.sent.services()
        assert "mine" in first
        assert len(first) == 100

    def test_a_part_has_ten_repositories_at_most(self, core: Core) -> None:
        held = taken(core.event(scan_input(service="web-0")))
        for number in range(1, 25):
            of = image(uri=f"{HOST}/copy/{number}:1", repository=f"copy/{number}")
            core.event(scan_input(f"e{number}", of, service=f"web-{number}"))
        core.end(held, CRITICAL)
        assert [len(services) for services in core.sent.services()] == [10, 10, 5]

    def test_a_registration_is_not_named_beside_what_runs_it(self, core: Core) -> None:
        held = begun(core, "", event_name="RegisterTaskDefinition")
        core.event(scan_input("event-9", service="web"))
        core.end(held, CRITICAL)
        core.sent.meanwhile = lambda: None
        core.end(held, CRITICAL)  # and a second try adds nothing
        assert core.sent.services() == [["web"]]

    @pytest.mark.parametrize("name", ["RegisterTaskDefinition", "ScanRequest"])
    def test_who_asks_and_runs_nothing_is_named(self, core: Core, name: str) -> None:
        held = begun(core, "shop", event_name=name, task_definition="another:1")
        core.event(scan_input("event-9", service="web"))
        core.end(held, CRITICAL)
        assert core.sent.services() == [["shop", "web"]]


class TestCrash:
    def test_a_failed_notification_marks_nobody_and_is_tried_again(self, core: Core) -> None:
        held = begun(core, "web", "worker")
        core.sent.error = AwsUnavailable("sns:Publish: Throttled")
        with pytest.raises(AwsUnavailable):
            core.end(held, CRITICAL)
        assert core.entry()["status"] == "FINDINGS"
        assert not any("notified_of" in row for row in core.workloads().values())
        core.sent.error = None
        assert core.end(held, CRITICAL)["notified"]
        assert core.sent.services() == [["web", "worker"]]

    def test_the_event_of_the_scan_goes_on_for_all_who_waited(self, core: Core) -> None:
        """Too many tries have failed; the request was queued, and is redriven."""
        held = begun(core, "web", "worker")
        core.sent.error = AwsUnavailable("sns:Publish: Throttled")
        with pytest.raises(AwsUnavailable):
            core.end(held, CRITICAL)
        core.sent.error = None
        core.handle(scan_input("event-1"))
        assert core.sent.services() == [["web", "worker"]]

    def test_who_comes_later_takes_no_claim_that_counts(self, core: Core, clock: Clock) -> None:
        held = begun(core, "web", "worker")
        core.sent.error = AwsUnavailable("killed")
        with pytest.raises(AwsUnavailable):
            core.end(held, CRITICAL)
        core.sent.error = None
        late = scan_input("event-9", service="worker")
        assert core.event(late)["decision"] == "skip"
        clock.now += 300
        core.handle(late)
        assert core.sent.services() == [["worker"]]

    def test_a_slow_notification_of_an_old_scan_hides_no_newer_one(self, core: Core) -> None:
        """The newer completion comes while the older is publishing."""
        held = begun(core)

        def overtake() -> None:
            newer = taken(core.event(scan_input("event-2")))
            core.end(newer, CRITICAL)

        core.sent.meanwhile = overtake
        core.end(held, FAILED)
        assert [verdict for _, verdict, _ in core.sent.calls] == ["ERROR", "FINDINGS"]
        assert core.workloads()["web"]["notified_of"] == core.entry()["acquired_at"]

    def test_completing_again_notifies_nobody(self, core: Core) -> None:
        held = begun(core)
        core.end(held, CRITICAL)
        assert core.end(held, CRITICAL)["notified"] is False
        assert len(core.sent.calls) == 1

    @pytest.mark.parametrize("name", ["CreateService", "RegisterTaskDefinition"])
    def test_the_end_of_a_machine_that_has_notified_notifies_nobody(
        self, core: Core, name: str
    ) -> None:
        """Each scan without a result ends its machine as FAILED, which is announced."""
        held = begun(core, event_name=name)
        core.end(held, FAILED)
        core.end(held, Outcome(verdict="ERROR", error="execution FAILED"))
        assert len(core.sent.calls) == 1

    @pytest.mark.parametrize("name", ["CreateService", "RegisterTaskDefinition"])
    def test_the_end_of_a_machine_that_could_not_be_notified_is_tried_again(
        self, core: Core, name: str
    ) -> None:
        """Lambda tries again what it was given by the rule, and then queues it."""
        held = begun(core, event_name=name)
        aborted = Outcome(verdict="ERROR", error="execution ABORTED")
        core.sent.error = AwsUnavailable("sns:Publish")
        for _ in range(3):
            with pytest.raises(AwsUnavailable):
                core.end(held, {**aborted})
        core.sent.error = None
        assert core.end(held, {**aborted})["notified"]

    def test_a_machine_that_ends_after_its_result_is_notified_as_that_result(
        self, core: Core
    ) -> None:
        held = begun(core)
        core.sent.error = AwsUnavailable("sns:Publish")
        with pytest.raises(AwsUnavailable):
            core.end(held, CRITICAL)
        core.sent.error = None
        core.end(held, Outcome(verdict="ERROR", error="execution TIMED_OUT"))
        assert [verdict for _, verdict, _ in core.sent.calls] == ["FINDINGS"]
        assert core.sent.reasons == [""]

    def test_a_known_verdict_is_for_one_workload(self, core: Core) -> None:
        core.end(begun(core), CRITICAL)
        other = scan_input("event-2", service="worker")
        core.sent.error = AwsUnavailable("sns:Publish")
        with pytest.raises(AwsUnavailable):
            core.handle(other)
        core.sent.error = None
        core.handle(other)
        assert core.sent.services() == [["web"], ["worker"]]
        assert core.event(other)["decision"] == "skip"
        assert core.sent.announced == [("FINDINGS", ["web"])]


class TestFailure:
    @pytest.mark.parametrize("verdict", ["TIMEOUT", "ERROR"])
    def test_it_is_notified_and_frees_the_image(self, core: Core, verdict: Any) -> None:
        failed = Outcome(verdict=verdict, error="ScanFailed", cause='{"errorMessage": "no space"}')
        completed = core.end(begun(core), failed)
        assert completed == {
            "verdict": verdict,
            "notified": True,
            "queued": False,
            "error": "ScanFailed",
            "reason": "ScanFailed: no space",
        }
        entry = core.entry()
        assert (entry["status"], entry["reason"]) == (verdict, "ScanFailed: no space")

    def test_a_row_knows_whom_a_failure_was_notified_to_and_when_first(
        self, core: Core, clock: Clock
    ) -> None:
        core.end(begun(core), FAILED)
        first = int(clock.now)
        clock.now += 3600
        core.end(taken(core.event(scan_input("event-2"))), TIMEOUT)
        row = core.workloads()["web"]
        assert (row["team"], row["notified_at"]) == ("shop", first)
        assert core.sent.services() == [["web"], ["web"]]

    def test_an_image_that_no_scan_can_answer_for_is_recorded(self, core: Core) -> None:
        core.end(begun(core), UNSCANNABLE)
        entry = core.entry()
        assert (entry["status"], entry["reason"]) == (
            "UNSCANNABLE",
            "ImageNotScannable: its tag moved",
        )

    def test_who_waited_is_notified_of_the_next_result(self, core: Core) -> None:
        core.end(begun(core, "web", "worker"), TIMEOUT)
        core.event(task(1, service="worker"))
        core.event(task(1, service="worker", stopped=True))
        core.end(taken(core.event(scan_input("event-3", service="batch"))), CRITICAL)
        assert core.sent.services() == [["web", "worker"], ["batch", "web", "worker"]]

    def test_who_waited_for_a_scan_that_died_is_notified_of_the_next(
        self, core: Core, clock: Clock
    ) -> None:
        begun(core, "web")
        clock.now += LEASE
        core.end(taken(core.event(scan_input("event-2", service="worker"))), CRITICAL)
        assert core.sent.services() == [["web", "worker"]]

    def test_a_deployment_of_what_failed_is_news_to_all(self, core: Core) -> None:
        core.end(begun(core, "web", "worker"), FAILED)
        core.end(taken(core.event(scan_input("event-9"))), FAILED)
        assert core.sent.services() == [["web", "worker"]] * 2

    def test_a_dead_execution_frees_its_image(self, core: Core) -> None:
        held = begun(core)
        work = completion_input(scan_input(), held, CLEAN)
        executed = {key: value for key, value in work.items() if key != "outcome"}
        read = execution_ended.read_input(ended("ABORTED", input=json.dumps(executed)))
        completed = core.completion.complete(read)
        assert (completed["verdict"], completed["notified"]) == ("ERROR", True)
        assert (completed["reason"], completed["queued"]) == ("execution ABORTED", False)
        assert core.entry()["status"] == "ERROR"


def ended(status: str, **detail: Any) -> dict[str, Any]:
    """A scan execution's end, as Step Functions announces it."""
    return {
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "detail": {
            "executionArn": "arn:aws:states:us-east-1:1:execution:scan:x",
            "status": status,
            "input": json.dumps(completion_input(scan_input(), None, CLEAN)),
            "inputDetails": {"included": True},
            **detail,
        },
    }


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_died_is_an_error_with_its_status(status: str) -> None:
    read = execution_ended.read_input(ended(status, cause=None))
    assert read["outcome"] == {"verdict": "ERROR", "error": f"execution {status}", "cause": ""}
    assert read["image"]["key"] == DIGEST
    assert execution_ended.read_input(ended(status, cause="why"))["outcome"]["cause"] == "why"


def completed_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line["Verdict"] for line in lines if "Verdicts" in line]


def test_each_verdict_is_counted_once(core: Core, capsys: pytest.CaptureFixture[str]) -> None:
    held = begun(core)
    for _ in range(2):
        core.end(held, TIMEOUT)
    assert completed_lines(capsys) == ["TIMEOUT"]


def test_an_image_without_an_entry_is_counted_too(
    core: Core, capsys: pytest.CaptureFixture[str]
) -> None:
    core.handle(scan_input(of=image(account_id="", unscannable="not ECR")))
    assert completed_lines(capsys) == ["UNSCANNABLE"]


class TestInstallation:
    """What is wrong with the installation, and not with an image."""

    def test_it_is_notified_once_an_hour_and_all_are_queued(self, core: Core, clock: Clock) -> None:
        def scan(number: int) -> Completed:
            asked = scan_input(of=image(key=f"sha256:{number:064x}"))
            return core.end(taken(core.event(asked)), DEAD, asked)

        completed = [scan(number) for number in range(20)]
        assert [each["notified"] for each in completed] == [True] + 19 * [False]
        assert all(each["queued"] for each in completed)
        assert {each["error"] for each in completed} == {"QualysUnauthorized"}
        assert core.entry(f"sha256:{7:064x}")["status"] == "ERROR"
        clock.now += 3599
        assert scan(20)["queued"]
        clock.now += 1
        assert scan(21)["notified"]
        assert len(core.sent.calls) == 2

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            ("QualysUnauthorized", "all images that meet it"),
            ("AwsUnavailable", "it waits in the failed-events queue"),
            ("QualysUnreadable", "it waits in the failed-events queue"),
            ("UnexpectedAnswer", ""),
            ("ScanFailed", ""),
        ],
    )
    def test_what_is_queued_says_so(self, core: Core, error: str, words: str) -> None:
        outcome = Outcome(verdict="ERROR", error=error, cause='{"errorMessage": "HTTP 401"}')
        completed = core.end(begun(core), outcome)
        (reason,) = core.sent.reasons
        assert reason.startswith(f"{error}: HTTP 401")
        assert words in reason
        assert ("failed-events queue" in reason) is completed["queued"] is bool(words)

    def test_a_notice_that_failed_is_published_by_the_next_try(self, core: Core) -> None:
        held = begun(core)
        core.sent.error = AwsUnavailable("sns:Publish")
        with pytest.raises(AwsUnavailable):
            core.end(held, DEAD)
        core.sent.error = None
        assert core.end(held, DEAD)["notified"]

    def test_after_a_crash_it_is_queued_twice_rather_than_not_at_all(self, core: Core) -> None:
        held = begun(core)
        core.end(held, DEAD)
        assert core.end(held, DEAD)["queued"]


@pytest.mark.parametrize("outcome", [CLEAN, CRITICAL, TIMEOUT, DEAD])
def test_however_it_ends_its_permit_is_free_again(core: Core, outcome: Outcome) -> None:
    held = begun(core)
    core.permits.take(held["execution_name"], "111122223333", 1, LEASE)
    core.end(held, outcome)
    core.permits.take("another", "111122223333", 1, LEASE)


def task(number: int, *, stopped: bool = False, **where: Any) -> ScanInput:
    where = {"event_name": "ECS Task State Change", "principal": "", **where}
    state = TaskState(arn=f"task/{number}", stopped=stopped)
    return {**scan_input(f"task-{number}-{stopped}", **where), "task": state}


def found(clock: Clock, number: int = 1, **where: Any) -> ScanInput:
    """A reconciliation has found the image of `scan_input()` running."""
    at = datetime.fromtimestamp(int(clock.now), UTC).isoformat()
    asked = task(number, event_time=at, **where)
    state = TaskState(arn=f"task/{number}", stopped=False, reconciled=True)
    return {**asked, "event_id": f"found-{number}-{at}", "task": state}


class TestReconciliation:
    """Once a day, what has failed is scanned again, and findings are judged again."""

    def test_what_failed_is_scanned_again_once_a_run(self, core: Core, clock: Clock) -> None:
        core.end(begun(core, "web", "worker"), FAILED)
        for _ in range(2):
            clock.now += DAY
            events = [found(clock), found(clock, 2, service="worker"), found(clock, 3)]
            clock.now += 5
            first = taken(core.event(events[0]))
            assert core.event(events[1])["decision"] == "skip"
            core.end(first, FAILED)
            assert [core.event(each)["decision"] for each in events[1:]] == ["skip", "skip"]

    @pytest.mark.parametrize("failed", [TIMEOUT, Outcome(verdict="ERROR", error="AwsUnavailable")])
    def test_the_same_failure_is_neither_notified_nor_queued_again(
        self, core: Core, clock: Clock, failed: Outcome
    ) -> None:
        first = core.end(begun(core), {**failed})
        clock.now += DAY
        second = core.end(taken(core.event(found(clock))), {**failed})
        assert (first["notified"], second["notified"]) == (True, False)
        assert second["queued"] is False
        assert [verdict for _, verdict, _ in core.sent.calls] == [failed["verdict"]]
        assert len(core.sent.announced) == 2, "machines get each scan"
        clock.now += DAY
        assert core.end(taken(core.event(found(clock))), CRITICAL)["notified"]

    def test_it_is_not_queued_again_where_nobody_is_notified_of_failures(
        self, dynamodb: Any, clock: Clock
    ) -> None:
        core = Core(dynamodb, clock, NotificationPolicy.read({**NOTIFY, "error": False}))
        failed = Outcome(verdict="ERROR", error="AwsUnavailable")
        assert core.end(begun(core), {**failed})["queued"]
        clock.now += DAY
        assert not core.end(taken(core.event(found(clock))), {**failed})["queued"]

    @pytest.mark.parametrize(
        "ends",
        [
            Outcome(verdict="ERROR", error="ScanFailed", reason="ScanFailed: no rights"),
            Outcome(verdict="TIMEOUT", reason="ScanFailed: no space"),
            CRITICAL,
        ],
    )
    def test_all_are_notified_when_it_ends_in_another_way(
        self, core: Core, clock: Clock, ends: Outcome
    ) -> None:
        core.end(begun(core, "web", "worker"), FAILED)
        clock.now += DAY
        core.end(taken(core.event(found(clock))), ends)
        assert core.sent.services()[1:] == [["web", "worker"]]

    @pytest.mark.parametrize("number", ["f677b189-8b54-46ba-9d24-624b7e98767d", "1770000000000"])
    def test_an_id_in_the_reason_is_no_other_cause(
        self, core: Core, clock: Clock, number: str
    ) -> None:
        words = "UnexpectedAnswer: GET /schedule/"
        core.end(begun(core), Outcome(verdict="ERROR", reason=f"{words}0123456789ab"))
        clock.now += DAY
        again = Outcome(verdict="ERROR", reason=f"{words}{number}")
        core.end(taken(core.event(found(clock))), again)
        assert len(core.sent.calls) == 1

    def test_who_deploys_it_again_meanwhile_is_notified(self, core: Core, clock: Clock) -> None:
        core.end(begun(core, "web", "worker"), FAILED)
        clock.now += DAY
        held = taken(core.event(found(clock)))
        core.event(scan_input("event-9", service="worker"))
        core.event(scan_input("event-10", service="other"))
        core.end(held, {**FAILED})
        assert core.sent.services()[1:] == [["other", "worker"]]

    def test_findings_are_judged_again_once_a_run(self, core: Core, clock: Clock) -> None:
        core.end(begun(core), CRITICAL)
        for _ in range(2):
            clock.now += DAY
            decisions = [core.event(found(clock)) for _ in range(2)]
            assert [each["decision"] for each in decisions] == ["notify", "skip"]
            assert decisions[0]["again"] is True

    def test_it_notifies_who_was_left_behind(self, core: Core, clock: Clock) -> None:
        held = begun(core, "web", "worker")
        recorded(core.cache, held, CRITICAL)  # and then everything was lost
        clock.now += DAY
        core.handle(found(clock, service="worker"))
        assert core.sent.services() == [["worker"]]

    def test_what_has_a_verdict_is_left_alone(self, core: Core, clock: Clock) -> None:
        core.end(taken(core.event(found(clock))), CLEAN)
        clock.now += DAY
        assert core.event(found(clock))["decision"] == "skip"
