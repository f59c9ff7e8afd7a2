"""Completion: notified first, then recorded; nothing twice, nothing never."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pytest

from image_scan import completion, log
from image_scan.contracts import CompletionInput, Outcome, TaskState
from image_scan.errors import AwsUnavailable, MalformedEvent
from tests.support.builders import (
    CLEAN,
    CRITICAL,
    DIGEST,
    LEASE,
    MEDIUM,
    POLICY,
    WEEK,
    completion_input,
    image,
    recorded,
    scan_input,
    taken,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.cache.concurrency import ScanPermits
    from image_scan.cache.leases import ScanCache
    from image_scan.cache.table import CacheTable
    from image_scan.contracts import Completed, Lease, ScanInput, Workload
    from image_scan.notifications.throttle import Throttle
    from tests.support.doubles import Clock

Complete: TypeAlias = "Callable[..., Completed]"
TIMEOUT = Outcome(verdict="TIMEOUT", reason="no result after 30 checks, 60 s apart")


class Notifier:
    """Who was notified of what; can fail, and can do something meanwhile."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, list[str]]] = []
        self.announced: list[tuple[str, list[str]]] = []
        self.error: Exception | None = None

    def __call__(
        self, to: CompletionInput, outcome: Outcome, workloads: Mapping[str, Workload]
    ) -> bool:
        if not POLICY.may_notify(outcome):
            return False
        if self.error:
            raise self.error
        services = sorted(workload["service"] for workload in workloads.values())
        self.calls.append((to["image"]["key"], outcome["verdict"], services))
        return True

    def announce(
        self, _to: CompletionInput, outcome: Outcome, workloads: Mapping[str, Workload]
    ) -> None:
        services = sorted(workload["service"] for workload in workloads.values())
        self.announced.append((outcome["verdict"], services))


@pytest.fixture
def notifier() -> Notifier:
    log.configure()
    return Notifier()


@pytest.fixture
def complete_read(
    cache: ScanCache, permits: ScanPermits, notices: Throttle, notifier: Notifier
) -> Complete:
    def complete(scan_input: CompletionInput, notify: Any = notifier) -> Completed:
        return completion.complete(
            scan_input, cache, permits, notices, WEEK, notify, notifier.announce
        )

    return complete


@pytest.fixture
def complete(complete_read: Complete) -> Complete:
    def call(asked: ScanInput, lease: Lease | None, outcome: Outcome, *notify: Any) -> Completed:
        return complete_read(completion_input(asked, lease, outcome), *notify)

    return call


@pytest.mark.parametrize(
    ("outcome", "is_notified"), [(CRITICAL, True), (MEDIUM, False), (CLEAN, False)]
)
def test_a_result_is_notified_when_bad_and_always_recorded(
    cache: ScanCache,
    table: CacheTable,
    notifier: Notifier,
    complete: Complete,
    outcome: Outcome,
    is_notified: bool,
) -> None:
    held = taken(cache.decide(scan_input(), LEASE))
    completed = complete(scan_input(), held, outcome)
    assert completed == {
        "verdict": outcome["verdict"],
        "notified": is_notified,
        "queued": False,
        "error": "",
        "reason": "",
    }
    assert bool(notifier.calls) is is_notified
    assert (table.get(DIGEST) or {})["status"] == outcome["verdict"]


@pytest.mark.parametrize("verdict", ["TIMEOUT", "ERROR"])
def test_a_scan_without_a_result_is_notified_and_freed(
    cache: ScanCache, table: CacheTable, notifier: Notifier, complete: Complete, verdict: Any
) -> None:
    held = taken(cache.decide(scan_input(), LEASE))
    failed = Outcome(verdict=verdict, error="ScanFailed", cause='{"errorMessage": "no space"}')
    completed = complete(scan_input(), held, failed)
    assert (completed["verdict"], completed["notified"], completed["queued"]) == (
        verdict,
        True,
        False,
    )
    assert completed["reason"] == "ScanFailed: no space"
    assert notifier.calls == [(DIGEST, verdict, ["web"])]
    left = table.get(DIGEST) or {}
    assert (left["status"], left["reason"]) == (verdict, "ScanFailed: no space")


def test_an_image_that_no_scan_can_answer_for_is_recorded(
    cache: ScanCache, table: CacheTable, complete: Complete
) -> None:
    held = taken(cache.decide(scan_input(), LEASE))
    outcome = Outcome(verdict="UNSCANNABLE", error="ImageNotScannable", cause="its tag moved")
    complete(scan_input(), held, outcome)
    stored = table.get(DIGEST) or {}
    assert (stored["status"], stored["reason"]) == (
        "UNSCANNABLE",
        "ImageNotScannable: its tag moved",
    )


def test_a_failed_notification_records_nothing(
    cache: ScanCache, table: CacheTable, notifier: Notifier, complete: Complete
) -> None:
    """An alert is never lost behind a cache hit."""
    held = taken(cache.decide(scan_input(), LEASE))
    notifier.error = AwsUnavailable("sns:Publish: Throttled")
    with pytest.raises(AwsUnavailable):
        complete(scan_input(), held, CRITICAL)
    assert (table.get(DIGEST) or {})["status"] == "IN_PROGRESS"
    notifier.error = None
    assert complete(scan_input(), held, CRITICAL)["notified"]


def test_all_workloads_that_waited_are_notified_together(
    cache: ScanCache, notifier: Notifier, complete: Complete
) -> None:
    held = taken(cache.decide(scan_input("event-1", service="web"), LEASE))
    cache.decide(scan_input("event-2", service="worker"), LEASE)
    complete(scan_input(), held, CRITICAL)
    assert notifier.calls == [(DIGEST, "FINDINGS", ["web", "worker"])]


@pytest.mark.parametrize("outcome", [CRITICAL, TIMEOUT])
def test_a_workload_that_comes_while_the_others_are_notified_is_notified_too(
    cache: ScanCache, notifier: Notifier, complete: Complete, outcome: Outcome
) -> None:
    held = taken(cache.decide(scan_input("event-1", service="web"), LEASE))

    def notify(to: CompletionInput, what: Outcome, workloads: Mapping[str, Workload]) -> bool:
        notifier(to, what, workloads)
        if len(notifier.calls) == 1:
            cache.decide(scan_input("event-2", service="late"), LEASE)
        return True

    complete(scan_input(), held, outcome, notify)
    assert [services for _, _, services in notifier.calls] == [["web"], ["late"]]


def test_who_comes_late_is_notified_though_the_notifier_dies(
    cache: ScanCache, notifier: Notifier, complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died when the verdict was recorded, and the late one was still to be notified."""
    held = taken(cache.decide(scan_input("event-1", service="web"), LEASE))

    def notify(to: CompletionInput, what: Outcome, workloads: Mapping[str, Workload]) -> bool:
        notifier(to, what, workloads)
        cache.decide(scan_input("event-2", service="late"), LEASE)
        return True

    record = cache.record

    def dies(*given: Any) -> bool:
        record(*given)
        raise AwsUnavailable("killed")

    monkeypatch.setattr(cache, "record", dies)
    with pytest.raises(AwsUnavailable):
        complete(scan_input(), held, CRITICAL, notify)
    monkeypatch.setattr(cache, "record", record)
    complete(scan_input(), held, CRITICAL)
    assert {name for _, _, services in notifier.calls for name in services} == {"web", "late"}


def test_a_workload_that_comes_late_to_a_good_verdict_is_not_notified(
    cache: ScanCache, notifier: Notifier, complete: Complete
) -> None:
    held = taken(cache.decide(scan_input("event-1", service="web"), LEASE))
    cache.decide(scan_input("event-2", service="late"), LEASE)
    complete(scan_input(), held, CLEAN)
    assert notifier.calls == []


def test_each_scan_that_ended_is_announced_whoever_is_notified(
    cache: ScanCache, notifier: Notifier, complete: Complete
) -> None:
    held = taken(cache.decide(scan_input("event-1", service="web"), LEASE))
    cache.decide(scan_input("event-2", service="late"), LEASE)
    for _ in range(2):
        complete(scan_input(), held, CLEAN)
    assert notifier.announced == [("CLEAN", ["late", "web"])]


def test_what_is_known_already_is_not_announced_but_what_cannot_be_scanned_is(
    notifier: Notifier, complete: Complete
) -> None:
    complete(scan_input(), None, CRITICAL)
    complete(scan_input(), None, Outcome(verdict="UNSCANNABLE", reason="not ECR"))
    assert notifier.announced == [("UNSCANNABLE", ["web"])]


def test_completing_again_notifies_nobody(
    cache: ScanCache, notifier: Notifier, complete: Complete
) -> None:
    held = taken(cache.decide(scan_input(), LEASE))
    complete(scan_input(), held, CRITICAL)
    again = complete(scan_input(), held, CRITICAL)
    assert again["notified"] is False
    assert len(notifier.calls) == 1


def test_a_known_verdict_is_notified_to_one_workload_and_noted(
    cache: ScanCache, notifier: Notifier, complete: Complete
) -> None:
    recorded(cache, taken(cache.decide(scan_input(), LEASE)), CRITICAL)
    other = scan_input("event-2", service="worker")
    decision = cache.decide(other, LEASE)
    assert decision["outcome"] is not None
    complete(other, None, decision["outcome"])
    assert notifier.calls == [(DIGEST, "FINDINGS", ["worker"])]
    assert cache.decide(other, LEASE)["decision"] == "skip"


def test_a_known_verdict_that_cannot_be_notified_is_not_recorded(
    cache: ScanCache, notifier: Notifier, complete: Complete
) -> None:
    recorded(cache, taken(cache.decide(scan_input(), LEASE)), CRITICAL)
    notifier.error = AwsUnavailable("sns:Publish")
    other = scan_input("event-2", service="worker")
    with pytest.raises(AwsUnavailable):
        complete(other, None, CRITICAL)
    assert cache.decide(other, LEASE)["decision"] == "notify"


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
    read = completion.read_input(ended(status, cause=None))
    assert read["outcome"] == {"verdict": "ERROR", "error": f"execution {status}", "cause": ""}
    assert read["image"]["key"] == DIGEST
    assert completion.read_input(ended(status, cause="why"))["outcome"]["cause"] == "why"


def test_a_dead_execution_frees_its_image_and_is_notified(
    cache: ScanCache, table: CacheTable, complete_read: Complete
) -> None:
    held = taken(cache.decide(scan_input(), LEASE))
    executed = {key: value for key, value in completion_input(scan_input(), held, CLEAN).items()
                if key != "outcome"}  # fmt: skip
    read = completion.read_input(ended("ABORTED", input=json.dumps(executed)))
    completed = complete_read(read)
    assert (completed["verdict"], completed["notified"]) == ("ERROR", True)
    assert (completed["reason"], completed["queued"]) == ("execution ABORTED", False)
    assert (table.get(DIGEST) or {})["status"] == "ERROR"


@pytest.mark.parametrize("left_out", [None, ""])
def test_an_execution_whose_input_was_left_out_is_refused(left_out: Any) -> None:
    with pytest.raises(MalformedEvent, match="execution:scan:x"):
        completion.read_input(ended("FAILED", input=left_out))


def test_an_input_of_a_machine_is_taken_as_it_is() -> None:
    given = completion_input(scan_input(), None, CLEAN)
    assert completion.read_input(cast("dict[str, Any]", given)) == given


def test_each_verdict_is_counted_once(
    cache: ScanCache, complete: Complete, capsys: pytest.CaptureFixture[str]
) -> None:
    held = taken(cache.decide(scan_input(), LEASE))
    for _ in range(2):
        complete(scan_input(), held, TIMEOUT)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["Verdict"] for line in lines if "Verdicts" in line] == ["TIMEOUT"]


def test_an_image_that_needs_no_lease_is_counted_too(
    complete: Complete, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(verdict="UNSCANNABLE", reason="not ECR")
    complete(scan_input(), None, outcome)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["Verdict"] for line in lines if "Verdicts" in line] == ["UNSCANNABLE"]


DEAD = Outcome(verdict="ERROR", error="QualysUnauthorized", cause='{"errorMessage": "HTTP 401"}')


def test_what_is_wrong_with_the_installation_is_notified_once_an_hour_and_all_are_queued(
    cache: ScanCache, table: CacheTable, notifier: Notifier, complete: Complete, clock: Clock
) -> None:
    def scan(number: int) -> Completed:
        asked = scan_input(of=image(key=f"sha256:{number:064x}"))
        return complete(asked, taken(cache.decide(asked, LEASE)), DEAD)

    completed = [scan(number) for number in range(20)]
    assert [each["notified"] for each in completed] == [True] + 19 * [False]
    assert all(each["queued"] for each in completed)
    assert {each["error"] for each in completed} == {"QualysUnauthorized"}
    assert len(notifier.calls) == 1
    assert (table.get(f"sha256:{7:064x}") or {})["status"] == "ERROR"
    clock.now += 3599
    assert scan(20)["queued"]
    clock.now += 1
    assert scan(21)["notified"]
    assert len(notifier.calls) == 2


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
def test_what_is_queued_says_so(
    cache: ScanCache, complete: Complete, error: str, words: str
) -> None:
    is_notified: list[str] = []

    def notify(_: CompletionInput, outcome: Outcome, __: Mapping[str, Workload]) -> bool:
        is_notified.append(outcome["reason"])
        return True

    outcome = Outcome(verdict="ERROR", error=error, cause='{"errorMessage": "HTTP 401"}')
    completed = complete(scan_input(), taken(cache.decide(scan_input(), LEASE)), outcome, notify)
    (reason,) = is_notified
    assert reason.startswith(f"{error}: HTTP 401")
    assert words in reason
    assert ("failed-events queue" in reason) is completed["queued"] is bool(words)


def test_a_notice_that_could_not_be_published_is_notified_by_the_next(
    cache: ScanCache, notifier: Notifier, complete: Complete, clock: Clock
) -> None:
    held = taken(cache.decide(scan_input(), LEASE))
    notifier.error = AwsUnavailable("sns:Publish")
    with pytest.raises(AwsUnavailable):
        complete(scan_input(), held, DEAD)
    notifier.error = None
    clock.now += 61
    assert complete(scan_input(), held, DEAD)["notified"]


def test_after_a_crash_it_is_queued_twice_rather_than_not_at_all(
    cache: ScanCache, complete: Complete
) -> None:
    held = taken(cache.decide(scan_input(), LEASE))
    complete(scan_input(), held, DEAD)
    assert complete(scan_input(), held, DEAD)["queued"]


@pytest.mark.parametrize("outcome", [CLEAN, CRITICAL, TIMEOUT, DEAD])
def test_however_it_ends_its_permit_is_free_again(
    cache: ScanCache, complete: Complete, permits: ScanPermits, outcome: Outcome
) -> None:
    held = taken(cache.decide(scan_input(), LEASE))
    permits.take(held["execution_name"], 1, LEASE)
    complete(scan_input(), held, outcome)
    permits.take("another", 1, LEASE)


@pytest.mark.parametrize("failed", [TIMEOUT, Outcome(verdict="ERROR", error="AwsUnavailable")])
def test_the_same_failure_of_a_repeated_scan_is_neither_notified_nor_queued_again(
    cache: ScanCache, notifier: Notifier, complete: Complete, clock: Clock, failed: Outcome
) -> None:
    first = complete(scan_input(), taken(cache.decide(scan_input(), LEASE)), failed)
    clock.now += 86_400
    again = running(clock)
    second = complete(again, taken(cache.decide(again, LEASE)), failed)
    assert (first["notified"], second["notified"]) == (True, False)
    assert second["queued"] is False
    assert [verdict for _, verdict, _ in notifier.calls] == [failed["verdict"]]
    assert len(notifier.announced) == 2, "machines get each scan"
    clock.now += 86_400
    again = running(clock)
    assert complete(again, taken(cache.decide(again, LEASE)), CRITICAL)["notified"]


def running(clock: Clock) -> ScanInput:
    """A reconciliation has found the image of `scan_input()` running."""
    at = datetime.fromtimestamp(clock.now, UTC).isoformat()
    found = scan_input(f"found-{at}", event_name="ECS Task State Change", event_time=at)
    return {**found, "task": TaskState(arn="task/1", stopped=False, reconciled=True)}


def test_findings_are_judged_again_once_a_reconciliation(
    cache: ScanCache, complete: Complete, clock: Clock
) -> None:
    complete(scan_input(), taken(cache.decide(scan_input(), LEASE)), CRITICAL)
    for _ in range(2):
        clock.now += 86_400
        decisions = [cache.decide(running(clock), LEASE) for _ in range(2)]
        assert [each["decision"] for each in decisions] == ["notify", "skip"]
        assert decisions[0]["again"] is True
