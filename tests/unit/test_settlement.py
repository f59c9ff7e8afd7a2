"""The end of an image's way: told first, then recorded; nothing twice, nothing never."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from image_scan import log, settlement
from image_scan.errors import AwsUnavailable, MalformedEvent
from image_scan.payloads import Outcome, SettleTask
from tests.unit.builders import CLEAN, CRITICAL, DIGEST, LEASE, MEDIUM, WEEK, taken, task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.cache_table import CacheTable
    from image_scan.payloads import ImageTask, Lease, Place
    from image_scan.scan_cache import ScanCache

TIMEOUT = Outcome(verdict="TIMEOUT", reason="no result after 30 checks, 60 s apart")


class Told:
    """Who was told what; can fail, and can do something meanwhile."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, list[str]]] = []
        self.error: Exception | None = None

    def __call__(self, to: SettleTask, outcome: Outcome, places: Mapping[str, Place]) -> None:
        if self.error:
            raise self.error
        services = sorted(place["service"] for place in places.values())
        self.calls.append((to["image"]["key"], outcome["verdict"], services))


def settle_task(asked: ImageTask, lease: Lease | None, outcome: Outcome) -> SettleTask:
    return SettleTask(**asked, lease=lease, outcome=cast("Outcome", {**outcome}))


@pytest.fixture
def told() -> Told:
    log.configure()
    return Told()


@pytest.mark.parametrize(("outcome", "heard"), [(CRITICAL, True), (MEDIUM, False), (CLEAN, False)])
def test_a_result_is_told_when_bad_and_always_recorded(
    cache: ScanCache, table: CacheTable, told: Told, outcome: Outcome, heard: bool
) -> None:
    held = taken(cache.decide(task(), LEASE))
    settled = settlement.settle(settle_task(task(), held, outcome), cache, WEEK, told)
    assert settled == {"verdict": outcome["verdict"], "notified": heard, "reason": ""}
    assert bool(told.calls) is heard
    assert (table.get(DIGEST) or {})["status"] == outcome["verdict"]


@pytest.mark.parametrize("verdict", ["TIMEOUT", "ERROR"])
def test_a_scan_without_a_result_is_told_and_freed(
    cache: ScanCache, table: CacheTable, told: Told, verdict: Any
) -> None:
    held = taken(cache.decide(task(), LEASE))
    failed = Outcome(verdict=verdict, error="ScanFailed", cause='{"errorMessage": "no space"}')
    settled = settlement.settle(settle_task(task(), held, failed), cache, WEEK, told)
    assert settled == {"verdict": verdict, "notified": True, "reason": "ScanFailed: no space"}
    assert told.calls == [(DIGEST, verdict, ["web"])]
    assert table.get(DIGEST) is None


def test_an_image_that_no_scan_can_answer_for_is_recorded(
    cache: ScanCache, table: CacheTable, told: Told
) -> None:
    held = taken(cache.decide(task(), LEASE))
    outcome = Outcome(verdict="UNSCANNABLE", error="ImageNotScannable", cause="its tag moved")
    settlement.settle(settle_task(task(), held, outcome), cache, WEEK, told)
    kept = table.get(DIGEST) or {}
    assert (kept["status"], kept["reason"]) == ("UNSCANNABLE", "ImageNotScannable: its tag moved")


def test_a_failed_telling_records_nothing(cache: ScanCache, table: CacheTable, told: Told) -> None:
    """An alert is never lost behind a cache hit."""
    held = taken(cache.decide(task(), LEASE))
    told.error = AwsUnavailable("sns:Publish: Throttled")
    with pytest.raises(AwsUnavailable):
        settlement.settle(settle_task(task(), held, CRITICAL), cache, WEEK, told)
    assert (table.get(DIGEST) or {})["status"] == "IN_PROGRESS"
    told.error = None
    assert settlement.settle(settle_task(task(), held, CRITICAL), cache, WEEK, told)["notified"]


def test_all_places_that_waited_are_told_together(cache: ScanCache, told: Told) -> None:
    held = taken(cache.decide(task("event-1", service="web"), LEASE))
    cache.decide(task("event-2", service="worker"), LEASE)
    settlement.settle(settle_task(task(), held, CRITICAL), cache, WEEK, told)
    assert told.calls == [(DIGEST, "FINDINGS", ["web", "worker"])]


@pytest.mark.parametrize("outcome", [CRITICAL, TIMEOUT])
def test_a_place_that_comes_while_the_others_are_told_is_told_too(
    cache: ScanCache, told: Told, outcome: Outcome
) -> None:
    held = taken(cache.decide(task("event-1", service="web"), LEASE))

    def tell(to: SettleTask, what: Outcome, places: Mapping[str, Place]) -> None:
        told(to, what, places)
        if len(told.calls) == 1:
            cache.decide(task("event-2", service="late"), LEASE)

    settlement.settle(settle_task(task(), held, outcome), cache, WEEK, tell)
    assert [services for _, _, services in told.calls] == [["web"], ["late"]]


def test_a_place_that_comes_late_to_a_good_verdict_is_not_told(
    cache: ScanCache, told: Told
) -> None:
    held = taken(cache.decide(task("event-1", service="web"), LEASE))
    cache.decide(task("event-2", service="late"), LEASE)
    settlement.settle(settle_task(task(), held, CLEAN), cache, WEEK, told)
    assert told.calls == []


def test_settling_again_tells_nobody(cache: ScanCache, told: Told) -> None:
    held = taken(cache.decide(task(), LEASE))
    settlement.settle(settle_task(task(), held, CRITICAL), cache, WEEK, told)
    again = settlement.settle(settle_task(task(), held, CRITICAL), cache, WEEK, told)
    assert again["notified"] is False
    assert len(told.calls) == 1


def test_a_known_verdict_is_told_to_one_place_and_noted(cache: ScanCache, told: Told) -> None:
    cache.record(taken(cache.decide(task(), LEASE)), CRITICAL, WEEK)
    other = task("event-2", service="worker")
    decision = cache.decide(other, LEASE)
    assert decision["outcome"] is not None
    settlement.settle(settle_task(other, None, decision["outcome"]), cache, WEEK, told)
    assert told.calls == [(DIGEST, "FINDINGS", ["worker"])]
    assert cache.decide(other, LEASE)["decision"] == "skip"


def test_a_known_verdict_that_cannot_be_told_is_not_noted(cache: ScanCache, told: Told) -> None:
    cache.record(taken(cache.decide(task(), LEASE)), CRITICAL, WEEK)
    told.error = AwsUnavailable("sns:Publish")
    other = task("event-2", service="worker")
    with pytest.raises(AwsUnavailable):
        settlement.settle(settle_task(other, None, CRITICAL), cache, WEEK, told)
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
    read = settlement.read_task(ended(status, cause=None))
    assert read["outcome"] == {"verdict": "ERROR", "error": f"execution {status}", "cause": ""}
    assert read["image"]["key"] == DIGEST
    assert settlement.read_task(ended(status, cause="why"))["outcome"]["cause"] == "why"


def test_a_dead_execution_frees_its_image_and_is_told(
    cache: ScanCache, table: CacheTable, told: Told
) -> None:
    held = taken(cache.decide(task(), LEASE))
    executed = {key: value for key, value in settle_task(task(), held, CLEAN).items()
                if key != "outcome"}  # fmt: skip
    read = settlement.read_task(ended("ABORTED", input=json.dumps(executed)))
    settled = settlement.settle(read, cache, WEEK, told)
    assert settled == {"verdict": "ERROR", "notified": True, "reason": "execution ABORTED"}
    assert table.get(DIGEST) is None


@pytest.mark.parametrize("left_out", [None, ""])
def test_an_execution_whose_input_was_left_out_is_kept(left_out: Any) -> None:
    with pytest.raises(MalformedEvent, match="execution:scan:x"):
        settlement.read_task(ended("FAILED", input=left_out))


def test_a_task_of_a_machine_is_taken_as_it_is() -> None:
    given = settle_task(task(), None, CLEAN)
    assert settlement.read_task(cast("dict[str, Any]", given)) == given


def test_each_verdict_is_counted_once(
    cache: ScanCache, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    held = taken(cache.decide(task(), LEASE))
    for _ in range(2):
        settlement.settle(settle_task(task(), held, TIMEOUT), cache, WEEK, told)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["Verdict"] for line in lines if "Verdicts" in line] == ["TIMEOUT"]


def test_an_image_that_needs_no_lease_is_counted_too(
    cache: ScanCache, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(verdict="UNSCANNABLE", reason="not ECR")
    settlement.settle(settle_task(task(), None, outcome), cache, WEEK, told)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["Verdict"] for line in lines if "Verdicts" in line] == ["UNSCANNABLE"]
