"""make smoke: the stages of an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ops.doctor.checks import CHECKS
from ops.smoke.course import Course, Late, Step, Stopped, Stuck
from ops.smoke.stages import CHECKS_OF, STAGES, advice, from_stage
from ops.smoke.traces import Line

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SCAN = {"executionArn": "arn:scan", "startDate": AT + timedelta(seconds=90), "status": "RUNNING"}
PARSED = Line(AT.timestamp() + 60, {"event": "event parsed", "event_id": "e", "skipped": ""})
ASKED = Line(AT.timestamp() + 61, {"event": "cache asked", "decision": "scan"})
LEASE = {"status": "IN_PROGRESS", "owner": "o", "acquired_at": 1}
SKIPPED = Line(ASKED.at, {**ASKED.values, "decision": "skip"})


class FakeTraces:
    """Shows each trace after so many looks."""

    def __init__(self, after: int = 0, **shown: Any) -> None:
        self._after, self._shown = after, shown
        self._looks: dict[str, int] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def look(*_: Any) -> Any:
            self._looks[name] = self._looks.get(name, -1) + 1
            return self._shown.get(name) if self._looks[name] >= self._after else None

        return look


class FakeScans:
    def __init__(self, *ends: dict[str, Any], holders: tuple[str, ...] = ("arn:other",)) -> None:
        self.ends, self.holders = list(ends), list(holders)

    def describe(self, arn: str) -> dict[str, Any]:
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        return {**SCAN, "executionArn": arn, "stopDate": AT + timedelta(seconds=200), **end}

    def of_lease(self, _item: Any) -> str:
        return self.holders.pop(0) if len(self.holders) > 1 else self.holders[0]


def ended(verdict: str) -> dict[str, Any]:
    return {"status": "SUCCEEDED", "output": json.dumps({"Payload": {"verdict": verdict}})}


def course(shown: Any, scans: Any = None, item: Any = None) -> tuple[list[Step], Stopped | None]:
    """Follows an event; how far it came, and what has stopped it. `item` may be several, one after
    the other."""
    now, found = [0.0], item if isinstance(item, list) else [item]
    scans = scans or FakeScans(ended("CLEAN"))
    made = Course(
        shown,
        scans,
        lambda: found.pop(0) if len(found) > 1 else found[0],
        60,
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
        clock=lambda: now[0],
    )
    steps = []
    try:
        for step in made.steps():
            steps.append(step)
    except Stopped as stopped:
        return steps, stopped
    return steps, None


@pytest.mark.parametrize(("after", "decided"), [(0, 61), (3, 90)])
def test_each_stage_has_its_time(after: int, decided: int) -> None:
    running = [{"status": "RUNNING"}] * after
    steps, stopped = course(
        FakeTraces(after, parsed=PARSED, asked=ASKED, scan=SCAN),
        FakeScans(*running, ended("FINDINGS")),
    )
    assert stopped is None
    assert [each.stage for each in steps] == [*STAGES]
    assert [each.at - AT.timestamp() for each in steps] == [60, 60, decided, 90, 200]
    assert steps[-1].verdict == "FINDINGS"


def test_without_log_lines_the_scan_shows_that_it_came() -> None:
    """Functions may log warnings alone."""
    steps, stopped = course(FakeTraces(scan=SCAN))
    assert stopped is None
    assert [each.at - AT.timestamp() for each in steps] == [90, 90, 90, 90, 200]


def test_a_scan_that_another_deployment_has_begun_is_waited_for() -> None:
    steps, stopped = course(FakeTraces(parsed=PARSED, asked=SKIPPED), item=LEASE)
    assert stopped is None
    assert [each.stage for each in steps] == [*STAGES]
    assert steps[3].seen == "arn:other"


def test_a_lease_whose_scan_is_not_listed_yet_is_looked_at_again() -> None:
    scans = FakeScans(ended("CLEAN"), holders=("", "", "arn:other"))
    steps, stopped = course(FakeTraces(parsed=PARSED, asked=SKIPPED), scans, LEASE)
    assert stopped is None
    assert [each.stage for each in steps] == [*STAGES]


def test_a_lease_whose_scan_has_just_ended_becomes_a_verdict() -> None:
    scans = FakeScans(ended("CLEAN"), holders=("",))
    items = [LEASE, LEASE, {"status": "FINDINGS"}]
    steps, stopped = course(FakeTraces(parsed=PARSED, asked=SKIPPED), scans, items)
    assert stopped is None
    assert [each.stage for each in steps] == ["trail", "rule", "intake", "verdict"]
    assert steps[-1].verdict == "FINDINGS"


def test_a_lease_that_no_scan_holds_is_late() -> None:
    scans = FakeScans(ended("CLEAN"), holders=("",))
    _, stopped = course(FakeTraces(parsed=PARSED, asked=SKIPPED), scans, LEASE)
    assert isinstance(stopped, Late)
    assert (stopped.stage, str(stopped)) == ("scan", "the image is in progress, and no scan runs")


def test_a_known_verdict_is_the_caches_answer() -> None:
    steps, stopped = course(FakeTraces(parsed=PARSED, asked=SKIPPED), item={"status": "CLEAN"})
    assert stopped is None
    assert [each.stage for each in steps] == ["trail", "rule", "intake", "verdict"]
    assert steps[-1].verdict == "CLEAN"


FAILED = {"status": "FAILED", "error": "ERROR", "cause": "QualysUnauthorized: HTTP 401"}


@pytest.mark.parametrize(
    ("shown", "given", "kind", "stage", "why"),
    [
        (FakeTraces(), {}, Late, "trail", "no event has come to the intake"),
        (
            FakeTraces(undelivered="NO_PERMISSIONS"),
            {},
            Stuck,
            "rule",
            "it could not be delivered: NO_PERMISSIONS",
        ),
        (
            FakeTraces(failed="AwsRejected"),
            {},
            Stuck,
            "intake",
            "the intake could not process it: AwsRejected",
        ),
        (
            FakeTraces(parsed=PARSED, failed="AwsRejected"),
            {},
            Stuck,
            "intake",
            "the intake could not process it: AwsRejected",
        ),
        (FakeTraces(parsed=PARSED), {}, Late, "intake", "the intake has not decided what to do"),
        (
            FakeTraces(parsed=Line(PARSED.at, {**PARSED.values, "skipped": "a foreign call"})),
            {},
            Stuck,
            "intake",
            "the intake has skipped the event: a foreign call",
        ),
        (FakeTraces(parsed=PARSED, asked=SKIPPED), {}, Stuck, "scan", "cannot be scanned"),
        (
            FakeTraces(parsed=PARSED, asked=SKIPPED),
            {"item": {"status": "UNSCANNABLE", "reason": "no tag"}},
            Stuck,
            "scan",
            "UNSCANNABLE: no tag",
        ),
        (
            FakeTraces(scan=SCAN),
            {"scans": FakeScans(FAILED)},
            Stuck,
            "scan",
            "ERROR: QualysUnauthorized: HTTP 401",
        ),
        (
            FakeTraces(scan=SCAN),
            {"scans": FakeScans({"status": "ABORTED"})},
            Stuck,
            "scan",
            "ERROR: execution ABORTED",
        ),
        (
            FakeTraces(scan=SCAN),
            {"scans": FakeScans({"status": "RUNNING"})},
            Late,
            "verdict",
            "the scan has not ended",
        ),
    ],
)
def test_where_it_stops(shown: Any, given: Any, kind: type, stage: str, why: str) -> None:
    _, stopped = course(shown, **given)
    assert stopped is not None
    assert type(stopped) is kind
    assert stopped.stage == stage
    assert why in str(stopped)


def test_the_checks_of_a_stage_are_the_doctors() -> None:
    names = {check.name for check in CHECKS}
    assert {each for checks in CHECKS_OF.values() for each in checks} <= names
    for stage in STAGES:
        assert set(from_stage(stage)) <= set(STAGES)
        assert advice(stage, lambda target, **_: f"make {target}")
