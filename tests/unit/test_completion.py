"""The end of an image's way: told first, then recorded; nothing twice, nothing never."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pytest

from image_scan import completion, log
from image_scan.contracts import Outcome, SettleTask, TaskState
from image_scan.errors import AwsUnavailable, MalformedEvent
from tests.support.builders import (
    CLEAN,
    CRITICAL,
    DIGEST,
    LEASE,
    MEDIUM,
    POLICY,
    WEEK,
    image,
    recorded,
    settle_task,
    taken,
    task,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.cache.concurrency import ScanSlots
    from image_scan.cache.leases import ScanCache
    from image_scan.cache.table import CacheTable
    from image_scan.contracts import ImageTask, Lease, Settled, Workload
    from image_scan.notifications.throttle import InstallNotices
    from tests.support.doubles import Clock

Settle: TypeAlias = "Callable[..., Settled]"
TIMEOUT = Outcome(verdict="TIMEOUT", reason="no result after 30 checks, 60 s apart")


class Told:
    """Who was told what; can fail, and can do something meanwhile."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, list[str]]] = []
        self.announced: list[tuple[str, list[str]]] = []
        self.error: Exception | None = None

    def __call__(self, to: SettleTask, outcome: Outcome, workloads: Mapping[str, Workload]) -> bool:
        if not POLICY.may_tell(outcome):
            return False
        if self.error:
            raise self.error
        services = sorted(workload["service"] for workload in workloads.values())
        self.calls.append((to["image"]["key"], outcome["verdict"], services))
        return True

    def announce(
        self, _to: SettleTask, outcome: Outcome, workloads: Mapping[str, Workload]
    ) -> None:
        services = sorted(workload["service"] for workload in workloads.values())
        self.announced.append((outcome["verdict"], services))


@pytest.fixture
def told() -> Told:
    log.configure()
    return Told()


@pytest.fixture
def settle_read(cache: ScanCache, slots: ScanSlots, notices: InstallNotices, told: Told) -> Settle:
    def settle(task: SettleTask, tell: Any = told) -> Settled:
        return completion.settle(task, cache, slots, notices, WEEK, tell, told.announce)

    return settle


@pytest.fixture
def settle(settle_read: Settle) -> Settle:
    def call(asked: ImageTask, lease: Lease | None, outcome: Outcome, *tell: Any) -> Settled:
        return settle_read(settle_task(asked, lease, outcome), *tell)

    return call


@pytest.mark.parametrize(("outcome", "heard"), [(CRITICAL, True), (MEDIUM, False), (CLEAN, False)])
def test_a_result_is_told_when_bad_and_always_recorded(
    cache: ScanCache, table: CacheTable, told: Told, settle: Settle, outcome: Outcome, heard: bool
) -> None:
    held = taken(cache.decide(task(), LEASE))
    settled = settle(task(), held, outcome)
    assert settled == {
        "verdict": outcome["verdict"],
        "notified": heard,
        "kept": False,
        "error": "",
        "reason": "",
    }
    assert bool(told.calls) is heard
    assert (table.get(DIGEST) or {})["status"] == outcome["verdict"]


@pytest.mark.parametrize("verdict", ["TIMEOUT", "ERROR"])
def test_a_scan_without_a_result_is_told_and_freed(
    cache: ScanCache, table: CacheTable, told: Told, settle: Settle, verdict: Any
) -> None:
    held = taken(cache.decide(task(), LEASE))
    failed = Outcome(verdict=verdict, error="ScanFailed", cause='{"errorMessage": "no space"}')
    settled = settle(task(), held, failed)
    assert (settled["verdict"], settled["notified"], settled["kept"]) == (verdict, True, False)
    assert settled["reason"] == "ScanFailed: no space"
    assert told.calls == [(DIGEST, verdict, ["web"])]
    left = table.get(DIGEST) or {}
    assert (left["status"], left["reason"]) == (verdict, "ScanFailed: no space")


def test_an_image_that_no_scan_can_answer_for_is_recorded(
    cache: ScanCache, table: CacheTable, settle: Settle
) -> None:
    held = taken(cache.decide(task(), LEASE))
    outcome = Outcome(verdict="UNSCANNABLE", error="ImageNotScannable", cause="its tag moved")
    settle(task(), held, outcome)
    kept = table.get(DIGEST) or {}
    assert (kept["status"], kept["reason"]) == ("UNSCANNABLE", "ImageNotScannable: its tag moved")


def test_a_failed_telling_records_nothing(
    cache: ScanCache, table: CacheTable, told: Told, settle: Settle
) -> None:
    """An alert is never lost behind a cache hit."""
    held = taken(cache.decide(task(), LEASE))
    told.error = AwsUnavailable("sns:Publish: Throttled")
    with pytest.raises(AwsUnavailable):
        settle(task(), held, CRITICAL)
    assert (table.get(DIGEST) or {})["status"] == "IN_PROGRESS"
    told.error = None
    assert settle(task(), held, CRITICAL)["notified"]


def test_all_workloads_that_waited_are_told_together(
    cache: ScanCache, told: Told, settle: Settle
) -> None:
    held = taken(cache.decide(task("event-1", service="web"), LEASE))
    cache.decide(task("event-2", service="worker"), LEASE)
    settle(task(), held, CRITICAL)
    assert told.calls == [(DIGEST, "FINDINGS", ["web", "worker"])]


@pytest.mark.parametrize("outcome", [CRITICAL, TIMEOUT])
def test_a_workload_that_comes_while_the_others_are_told_is_told_too(
    cache: ScanCache, told: Told, settle: Settle, outcome: Outcome
) -> None:
    held = taken(cache.decide(task("event-1", service="web"), LEASE))

    def tell(to: SettleTask, what: Outcome, workloads: Mapping[str, Workload]) -> bool:
        told(to, what, workloads)
        if len(told.calls) == 1:
            cache.decide(task("event-2", service="late"), LEASE)
        return True

    settle(task(), held, outcome, tell)
    assert [services for _, _, services in told.calls] == [["web"], ["late"]]


def test_who_comes_late_is_told_though_the_teller_dies(
    cache: ScanCache, told: Told, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died when the verdict was recorded, and the late one was still to be told."""
    held = taken(cache.decide(task("event-1", service="web"), LEASE))

    def tell(to: SettleTask, what: Outcome, workloads: Mapping[str, Workload]) -> bool:
        told(to, what, workloads)
        cache.decide(task("event-2", service="late"), LEASE)
        return True

    record = cache.record

    def dies(*given: Any) -> bool:
        record(*given)
        raise AwsUnavailable("killed")

    monkeypatch.setattr(cache, "record", dies)
    with pytest.raises(AwsUnavailable):
        settle(task(), held, CRITICAL, tell)
    monkeypatch.setattr(cache, "record", record)
    settle(task(), held, CRITICAL)
    assert {name for _, _, services in told.calls for name in services} == {"web", "late"}


def test_a_workload_that_comes_late_to_a_good_verdict_is_not_told(
    cache: ScanCache, told: Told, settle: Settle
) -> None:
    held = taken(cache.decide(task("event-1", service="web"), LEASE))
    cache.decide(task("event-2", service="late"), LEASE)
    settle(task(), held, CLEAN)
    assert told.calls == []


def test_each_scan_that_ended_is_announced_whoever_has_to_hear(
    cache: ScanCache, told: Told, settle: Settle
) -> None:
    held = taken(cache.decide(task("event-1", service="web"), LEASE))
    cache.decide(task("event-2", service="late"), LEASE)
    for _ in range(2):
        settle(task(), held, CLEAN)
    assert told.announced == [("CLEAN", ["late", "web"])]


def test_what_is_known_already_is_not_announced_but_what_cannot_be_scanned_is(
    told: Told, settle: Settle
) -> None:
    settle(task(), None, CRITICAL)
    settle(task(), None, Outcome(verdict="UNSCANNABLE", reason="not ECR"))
    assert told.announced == [("UNSCANNABLE", ["web"])]


def test_settling_again_tells_nobody(cache: ScanCache, told: Told, settle: Settle) -> None:
    held = taken(cache.decide(task(), LEASE))
    settle(task(), held, CRITICAL)
    again = settle(task(), held, CRITICAL)
    assert again["notified"] is False
    assert len(told.calls) == 1


def test_a_known_verdict_is_told_to_one_workload_and_noted(
    cache: ScanCache, told: Told, settle: Settle
) -> None:
    recorded(cache, taken(cache.decide(task(), LEASE)), CRITICAL)
    other = task("event-2", service="worker")
    decision = cache.decide(other, LEASE)
    assert decision["outcome"] is not None
    settle(other, None, decision["outcome"])
    assert told.calls == [(DIGEST, "FINDINGS", ["worker"])]
    assert cache.decide(other, LEASE)["decision"] == "skip"


def test_a_known_verdict_that_cannot_be_told_is_not_noted(
    cache: ScanCache, told: Told, settle: Settle
) -> None:
    recorded(cache, taken(cache.decide(task(), LEASE)), CRITICAL)
    told.error = AwsUnavailable("sns:Publish")
    other = task("event-2", service="worker")
    with pytest.raises(AwsUnavailable):
        settle(other, None, CRITICAL)
    assert cache.decide(other, LEASE)["decision"] == "notify"


def ended(status: str, **detail: Any) -> dict[str, Any]:
    """A scan execution's end, as Step Functions announces it."""
    return {
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "detail": {
            "executionArn": "arn:aws:states:us-east-1:1:execution:scan:x",
            "status": status,
            "input": json.dumps(settle_task(task(), None, CLEAN)),
            "inputDetails": {"included": True},
            **detail,
        },
    }


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_died_is_an_error_with_its_status(status: str) -> None:
    read = completion.read_task(ended(status, cause=None))
    assert read["outcome"] == {"verdict": "ERROR", "error": f"execution {status}", "cause": ""}
    assert read["image"]["key"] == DIGEST
    assert completion.read_task(ended(status, cause="why"))["outcome"]["cause"] == "why"


def test_a_dead_execution_frees_its_image_and_is_told(
    cache: ScanCache, table: CacheTable, settle_read: Settle
) -> None:
    held = taken(cache.decide(task(), LEASE))
    executed = {key: value for key, value in settle_task(task(), held, CLEAN).items()
                if key != "outcome"}  # fmt: skip
    read = completion.read_task(ended("ABORTED", input=json.dumps(executed)))
    settled = settle_read(read)
    assert (settled["verdict"], settled["notified"]) == ("ERROR", True)
    assert (settled["reason"], settled["kept"]) == ("execution ABORTED", False)
    assert (table.get(DIGEST) or {})["status"] == "ERROR"


@pytest.mark.parametrize("left_out", [None, ""])
def test_an_execution_whose_input_was_left_out_is_kept(left_out: Any) -> None:
    with pytest.raises(MalformedEvent, match="execution:scan:x"):
        completion.read_task(ended("FAILED", input=left_out))


def test_a_task_of_a_machine_is_taken_as_it_is() -> None:
    given = settle_task(task(), None, CLEAN)
    assert completion.read_task(cast("dict[str, Any]", given)) == given


def test_each_verdict_is_counted_once(
    cache: ScanCache, settle: Settle, capsys: pytest.CaptureFixture[str]
) -> None:
    held = taken(cache.decide(task(), LEASE))
    for _ in range(2):
        settle(task(), held, TIMEOUT)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["Verdict"] for line in lines if "Verdicts" in line] == ["TIMEOUT"]


def test_an_image_that_needs_no_lease_is_counted_too(
    settle: Settle, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(verdict="UNSCANNABLE", reason="not ECR")
    settle(task(), None, outcome)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["Verdict"] for line in lines if "Verdicts" in line] == ["UNSCANNABLE"]


DEAD = Outcome(verdict="ERROR", error="QualysUnauthorized", cause='{"errorMessage": "HTTP 401"}')


def test_what_is_wrong_with_the_install_is_told_once_an_hour_and_all_are_kept(
    cache: ScanCache, table: CacheTable, told: Told, settle: Settle, clock: Clock
) -> None:
    def scan(number: int) -> Settled:
        asked = task(of=image(key=f"sha256:{number:064x}"))
        return settle(asked, taken(cache.decide(asked, LEASE)), DEAD)

    settled = [scan(number) for number in range(20)]
    assert [each["notified"] for each in settled] == [True] + 19 * [False]
    assert all(each["kept"] for each in settled)
    assert {each["error"] for each in settled} == {"QualysUnauthorized"}
    assert len(told.calls) == 1
    assert (table.get(f"sha256:{7:064x}") or {})["status"] == "ERROR"
    clock.now += 3599
    assert scan(20)["kept"]
    clock.now += 1
    assert scan(21)["notified"]
    assert len(told.calls) == 2


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
def test_what_is_kept_says_so(cache: ScanCache, settle: Settle, error: str, words: str) -> None:
    heard: list[str] = []

    def tell(_: SettleTask, outcome: Outcome, __: Mapping[str, Workload]) -> bool:
        heard.append(outcome["reason"])
        return True

    outcome = Outcome(verdict="ERROR", error=error, cause='{"errorMessage": "HTTP 401"}')
    settled = settle(task(), taken(cache.decide(task(), LEASE)), outcome, tell)
    (reason,) = heard
    assert reason.startswith(f"{error}: HTTP 401")
    assert words in reason
    assert ("failed-events queue" in reason) is settled["kept"] is bool(words)


def test_a_notice_that_could_not_be_told_is_told_by_the_next(
    cache: ScanCache, told: Told, settle: Settle, clock: Clock
) -> None:
    held = taken(cache.decide(task(), LEASE))
    told.error = AwsUnavailable("sns:Publish")
    with pytest.raises(AwsUnavailable):
        settle(task(), held, DEAD)
    told.error = None
    clock.now += 61
    assert settle(task(), held, DEAD)["notified"]


def test_after_a_crash_it_is_kept_twice_rather_than_not_at_all(
    cache: ScanCache, settle: Settle
) -> None:
    held = taken(cache.decide(task(), LEASE))
    settle(task(), held, DEAD)
    assert settle(task(), held, DEAD)["kept"]


@pytest.mark.parametrize("outcome", [CLEAN, CRITICAL, TIMEOUT, DEAD])
def test_however_it_ends_its_slot_is_free_again(
    cache: ScanCache, settle: Settle, slots: ScanSlots, outcome: Outcome
) -> None:
    held = taken(cache.decide(task(), LEASE))
    slots.take(held["execution_name"], 1, LEASE)
    settle(task(), held, outcome)
    slots.take("another", 1, LEASE)


@pytest.mark.parametrize("failed", [TIMEOUT, Outcome(verdict="ERROR", error="AwsUnavailable")])
def test_the_same_failure_of_a_repeated_scan_is_neither_told_nor_kept_again(
    cache: ScanCache, told: Told, settle: Settle, clock: Clock, failed: Outcome
) -> None:
    first = settle(task(), taken(cache.decide(task(), LEASE)), failed)
    clock.now += 86_400
    again = running(clock)
    second = settle(again, taken(cache.decide(again, LEASE)), failed)
    assert (first["notified"], second["notified"]) == (True, False)
    assert second["kept"] is False
    assert [verdict for _, verdict, _ in told.calls] == [failed["verdict"]]
    assert len(told.announced) == 2, "machines hear of each scan"
    clock.now += 86_400
    again = running(clock)
    assert settle(again, taken(cache.decide(again, LEASE)), CRITICAL)["notified"]


def running(clock: Clock) -> ImageTask:
    """A reconciliation has found the image of `task()` running."""
    at = datetime.fromtimestamp(clock.now, UTC).isoformat()
    found = task(f"found-{at}", event_name="ECS Task State Change", event_time=at)
    return {**found, "task": TaskState(arn="task/1", stopped=False, reconciled=True)}


def test_findings_are_judged_again_once_a_reconciliation(
    cache: ScanCache, settle: Settle, clock: Clock
) -> None:
    settle(task(), taken(cache.decide(task(), LEASE)), CRITICAL)
    for _ in range(2):
        clock.now += 86_400
        decisions = [cache.decide(running(clock), LEASE) for _ in range(2)]
        assert [each["decision"] for each in decisions] == ["notify", "skip"]
        assert decisions[0]["again"] is True
