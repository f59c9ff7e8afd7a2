"""A rescan beside a verdict that counts: only a result replaces that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_scan.cache.entries import as_now
from image_scan.cache.leases import ScanCache
from image_scan.contracts import ScanInput, TaskState
from image_scan.events.by_hand import EVENT_NAME
from image_scan.gate.inputs import Candidate
from image_scan.gate.verdicts import Verdicts
from image_scan.results import Outcome
from tests.support.builders import (
    CLEAN,
    CRITICAL,
    DIGEST,
    LEASE,
    POLICY,
    WEEK,
    image,
    scan_input,
    taken,
)
from tests.support.doubles import Clock
from tests.support.memory_tables import MemoryCache

if TYPE_CHECKING:
    from image_scan.contracts import Lease
    from tests.support.core import Core

ENDS = [
    Outcome(verdict="TIMEOUT", reason="no end"),
    Outcome(verdict="ERROR", error="ScanFailed", cause="no space"),
    Outcome(verdict="ERROR", error="QualysForbidden", cause="403"),
    Outcome(verdict="ERROR", error="execution ABORTED"),
    Outcome(verdict="UNSCANNABLE", error="ImageNotScannable", cause="its tag was moved"),
]
DAY = 86_400
ASKED = ("deploy", "force", "rescan")


class Rescans:
    """An image that is known, and that a reconciliation has scanned again."""

    def __init__(self, core: Core, clock: Clock) -> None:
        self.core, self.clock, self._runs = core, clock, 0

    def known(self, outcome: Outcome = CLEAN) -> dict[str, Any]:
        held = taken(self.core.event(scan_input()))
        self.core.end(held, outcome)
        self.core.sent.calls.clear()
        self.core.sent.announced.clear()
        return self.core.entry()

    def event(self, service: str = "web") -> ScanInput:
        """The task that the next reconciliation sends."""
        self._runs += 1
        number = self.core.entry()["acquired_at"]
        time = datetime.fromtimestamp(self.clock.now, UTC).isoformat()
        where: dict[str, Any] = {
            "event_name": "ECS Task State Change",
            "principal": "",
            "event_time": time,
        }
        state = TaskState(arn="task/1", stopped=False, reconciled=True, rescan={DIGEST: number})
        asked = scan_input(f"rescan-{self._runs}", service=service, **where)
        return {**asked, "task": state}

    def begun(self) -> tuple[ScanInput, Lease]:
        asked = self.event()
        return asked, taken(self.core.event(asked))

    def gate(self) -> list[str]:
        """The verdicts that the deployment gate finds."""
        of = image()
        where = {name: of[name] for name in ("account_id", "region", "repository", "digest")}
        asked = [Candidate(uri=of["uri"], key=DIGEST, **where)]
        found = Verdicts(self.core.table, self.core.state, self.clock).of(asked)
        return [each.outcome["verdict"] for each in found.values()]

    def now(self) -> str:
        return str(as_now(self.core.entry(), self.clock.now).get("status", ""))


@pytest.fixture
def rescans(core: Core, clock: Clock) -> Rescans:
    return Rescans(core, clock)


def verdict_of(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in entry.items() if name != "rescan"}


def test_while_it_runs_the_verdict_is_in_force(core: Core, rescans: Rescans, clock: Clock) -> None:
    before = rescans.known()
    clock.now += 2 * DAY
    _, held = rescans.begun()
    assert core.event(scan_input("event-2"))["decision"] == "skip"
    assert (rescans.now(), rescans.gate()) == ("CLEAN", ["CLEAN"])
    entry = core.entry()
    assert (entry["acquired_at"], entry["announced"]) == (before["acquired_at"], True)
    assert held["acquired_at"] > before["acquired_at"]
    core.end(held, CRITICAL, scan_input(service="web"))
    assert rescans.gate() == ["FINDINGS"]
    entry = core.entry()
    assert (entry["acquired_at"], entry["owner"]) == (held["acquired_at"], held["owner"])
    assert entry["ttl"] == clock.now + WEEK
    assert not {"rescan", "valid_until"} & {*entry}
    assert core.sent.services() == [["web"]]


def test_what_the_verdict_before_said_and_its_result_does_not_is_gone(
    core: Core, rescans: Rescans
) -> None:
    rescans.known({**CRITICAL, "malware": {"critical": 1, "high": 0, "medium": 0, "low": 0}})
    assert "malware" in core.entry()
    core.end(rescans.begun()[1], CLEAN)
    assert not {"malware", "rescan", "valid_until"} & {*core.entry()}


def test_whoever_meets_bad_findings_meanwhile_is_notified_of_them(
    core: Core, rescans: Rescans, clock: Clock
) -> None:
    rescans.known(CRITICAL)
    clock.now += 2 * DAY
    rescans.begun()
    core.handle(scan_input("event-2", service="worker"))
    assert core.sent.services() == [["worker"]]


@pytest.mark.parametrize("outcome", ENDS, ids=str)
@pytest.mark.parametrize("known", [CLEAN, CRITICAL])
def test_without_a_result_the_verdict_stays_as_it_was_and_nobody_is_notified(
    core: Core,
    rescans: Rescans,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    known: Outcome,
    outcome: Outcome,
) -> None:
    before = rescans.known(known)
    clock.now += 2 * DAY
    asked, held = rescans.begun()
    for _ in range(2):  # its completion comes again
        done = core.end(held, outcome, asked)
        assert (done["verdict"], done["notified"], done["queued"]) == (
            outcome["verdict"],
            False,
            False,
        )
        assert verdict_of(core.entry()) == before
    assert (core.sent.calls, core.sent.announced) == ([], [])
    assert capsys.readouterr().out.count('"FailedRescans": 1,') == 1
    assert core.event(asked)["decision"] != "scan", "the same event"
    clock.now += DAY
    again = rescans.begun()[1]
    assert again["acquired_at"] > held["acquired_at"]
    core.end(again, CLEAN)
    assert core.entry()["acquired_at"] == again["acquired_at"]


def test_its_event_that_comes_again_has_the_same_lease_for_its_whole_time(
    core: Core, rescans: Rescans, clock: Clock
) -> None:
    rescans.known()
    asked, held = rescans.begun()
    clock.now += LEASE - 1
    assert taken(core.event(asked)) == held
    assert core.entry()["rescan"]["ttl"] == clock.now + LEASE


def test_there_is_one_at_a_time_and_the_next_when_it_has_died(
    core: Core, rescans: Rescans, clock: Clock
) -> None:
    before = rescans.known()
    _, held = rescans.begun()
    assert core.event(rescans.event("worker"))["decision"] == "skip"
    clock.now += LEASE
    assert rescans.gate() == ["CLEAN"]
    asked, later = rescans.begun()
    assert later["acquired_at"] > held["acquired_at"]
    core.end(held, CRITICAL)
    assert core.entry()["status"] == "CLEAN", "its lease was taken"
    core.end(later, ENDS[0], asked)
    assert verdict_of(core.entry()) == before


class TestAVerdictThatRunsOutMeanwhile:
    def test_counts_until_then_and_not_longer(
        self, core: Core, rescans: Rescans, clock: Clock
    ) -> None:
        before = rescans.known()
        clock.now = before["ttl"] - 60
        rescans.begun()
        assert core.entry()["ttl"] == clock.now + LEASE, "DynamoDB does not remove the lease"
        clock.now += 59
        assert rescans.gate() == ["CLEAN"]
        clock.now += 1
        assert (rescans.now(), rescans.gate()) == ("IN_PROGRESS", [])

    def test_is_ended_by_who_meets_it_and_waits(
        self, core: Core, rescans: Rescans, clock: Clock
    ) -> None:
        clock.now = rescans.known()["ttl"] - 60
        asked, held = rescans.begun()
        clock.now += 60
        assert core.event(scan_input("event-2", service="worker"))["decision"] == "skip"
        entry = core.entry()
        assert (entry["status"], entry["acquired_at"]) == ("IN_PROGRESS", held["acquired_at"])
        assert not {"rescan", "valid_until", "announced", "counts"} & {*entry}
        assert taken(core.event(asked)) == held
        core.end(held, CRITICAL, asked)
        assert core.sent.services() == [["web", "worker"]]

    @pytest.mark.parametrize("outcome", ENDS, ids=str)
    def test_leaves_a_failure_of_the_image(
        self, core: Core, rescans: Rescans, clock: Clock, outcome: Outcome
    ) -> None:
        clock.now = rescans.known()["ttl"] - 60
        asked, held = rescans.begun()
        clock.now += 60
        assert core.end(held, outcome, asked)["notified"]
        entry = core.entry()
        assert (entry["status"], rescans.gate()) == (outcome["verdict"], [outcome["verdict"]])
        assert not {"rescan", "valid_until", "counts"} & {*entry}

    def test_is_replaced_by_a_result_that_comes_late(
        self, core: Core, rescans: Rescans, clock: Clock
    ) -> None:
        clock.now = rescans.known()["ttl"] - 60
        asked, held = rescans.begun()
        clock.now += 120
        core.end(held, CLEAN, asked)
        assert rescans.gate() == ["CLEAN"]
        assert core.entry()["acquired_at"] == held["acquired_at"]

    def test_is_scanned_again_when_both_have_run_out(
        self, core: Core, rescans: Rescans, clock: Clock
    ) -> None:
        clock.now = rescans.known()["ttl"] - 60
        _, held = rescans.begun()
        clock.now += LEASE
        again = taken(core.event(scan_input("event-2")))
        assert again["acquired_at"] > held["acquired_at"]
        assert "rescan" not in core.entry()


def test_who_asks_by_force_is_answered_by_the_scan_that_runs(core: Core, rescans: Rescans) -> None:
    rescans.known()
    asked, held = rescans.begun()
    by_hand = scan_input("by-hand", event_name=EVENT_NAME, service="")
    forced: ScanInput = {**by_hand, "force": True}
    assert core.event(forced)["decision"] == "skip"
    entry = core.entry()
    assert (entry["status"], entry["acquired_at"]) == ("IN_PROGRESS", held["acquired_at"])
    assert entry["requests"]
    core.end(held, CLEAN, asked)
    assert core.entry()["status"] == "CLEAN"


def test_it_keeps_qualys_own_assessment_from_replacing_the_verdict(
    core: Core, rescans: Rescans, clock: Clock
) -> None:
    """Its number would be later than that of the rescan, whose findings nobody then waits for."""
    before = rescans.known()
    _, held = rescans.begun()
    lease: Any = {**held, "owner": before["owner"], "acquired_at": held["acquired_at"] + 1}
    assert core.cache.rejudge(lease, before["acquired_at"], CRITICAL) == {}
    clock.now += LEASE
    entry = core.cache.rejudge(lease, before["acquired_at"], CRITICAL)
    assert (entry["status"], entry["ttl"]) == ("FINDINGS", before["ttl"])
    core.end(held, CLEAN)
    assert core.entry() == entry, "it comes too late"


def test_those_who_were_not_notified_of_the_verdict_are_answered_by_its_result(
    core: Core, rescans: Rescans
) -> None:
    before = rescans.known(CRITICAL)
    core.table.put({**before, "announced": False})
    _, held = rescans.begun()
    assert core.entry()["rescan"]["since"] == before["since"]
    assert core.cache.held(held)["since"] == before["since"]


class Walk:
    """Events, ends of scans and time in any order. `proof` is the last result, and until when it
    counts; a lease that was taken over it, or a failure, has ended it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.table = MemoryCache(lambda: None)
        self.cache = ScanCache(self.table, POLICY.may_notify, self.clock)
        self.running: dict[str, tuple[Lease, float]] = {}
        self.proof: tuple[str, float] = ("", 0)
        self.asked: list[Any] = [scan_input("first")]
        self.started: set[str] = set()

    def entry(self) -> dict[str, Any]:
        return self.table.get(DIGEST) or {}

    def step(self, kind: str, seconds: int) -> None:
        self.clock.now += seconds
        if kind in ASKED:
            self.asked.append(self.event(kind))
        if kind in (*ASKED, "again"):
            self.ask()
        else:
            self.end(kind)
        live = [until for _, until in self.running.values() if until > self.clock.now]
        assert len(live) <= 1, "one scan at a time"
        self.check()

    def event(self, kind: str) -> Any:
        asked: Any = scan_input(f"{kind}-{len(self.asked)}")
        if kind == "force":
            asked["force"] = True
        if kind == "rescan":
            number = self.entry().get("acquired_at", 0)
            asked["task"] = {"arn": "a", "stopped": False, "rescan": {DIGEST: number}}
        return asked

    def ask(self) -> None:
        """`again`: the last event is delivered again. A name starts one execution."""
        asked, before = self.asked[-1], self.entry()
        decision = self.cache.decide(asked, LEASE, {})
        if decision["decision"] == "scan":
            lease = taken(decision)
            name = lease["execution_name"]
            if name in self.running or name not in self.started:
                self.running[name] = lease, self.clock.now + LEASE
            self.started.add(name)
        if (asked.get("force") and self.entry() != before) or self.proof[1] <= self.clock.now:
            self.proof = ("", 0)

    def end(self, kind: str) -> None:
        """The oldest scan ends as `kind` says, be it after its lease."""
        if not self.running:
            return
        name = next(iter(self.running))
        lease, _ = self.running.pop(name)
        outcome = {"CLEAN": CLEAN, "FINDINGS": CRITICAL}.get(kind, ENDS[0])
        held = self.cache.held(lease)
        is_spared = "beside" in held and self.cache.spare(lease, held, outcome)
        if held and not is_spared and self.cache.record(lease, outcome, WEEK, announced=True):
            is_result = kind in ("CLEAN", "FINDINGS")
            self.proof = (kind, self.clock.now + WEEK) if is_result else ("", 0)

    def check(self) -> None:
        """Who reads the entry finds the last result as long as it counts, and never longer."""
        status, until = self.proof
        now = as_now(self.entry(), self.clock.now).get("status", "")
        assert (now if now in ("CLEAN", "FINDINGS") else "") == (
            status if until > self.clock.now else ""
        )


STEPS = st.tuples(
    st.sampled_from([*ASKED, "rescan", "again", "CLEAN", "FINDINGS", "TIMEOUT"]),
    st.sampled_from([0, 60, LEASE - 1, LEASE, DAY, WEEK - LEASE, WEEK - 60]),
)


@given(steps=st.lists(STEPS, max_size=25))
@settings(max_examples=300)
def test_in_any_order_one_scan_runs_and_a_result_counts_for_its_time(
    steps: list[tuple[str, int]],
) -> None:
    walk = Walk()
    for kind, seconds in steps:
        walk.step(kind, seconds)


def test_two_completions_of_a_rescan_that_failed(
    core: Core, rescans: Rescans, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The execution was aborted while SendNotification ran: its end is completed as well."""
    rescans.known()
    clock.now += DAY
    asked, lease = rescans.begun()
    stale = [core.cache.held(lease)]
    core.end(lease, ENDS[1], asked)
    held = ScanCache.held
    monkeypatch.setattr(
        ScanCache, "held", lambda self, each: stale.pop() if stale else held(self, each)
    )
    assert not core.end(lease, ENDS[1], asked)["notified"]
    assert core.sent.announced == []


def test_a_result_whose_verdict_is_left_alone_meanwhile_is_recorded(
    core: Core, rescans: Rescans, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rescans.known()
    clock.now += DAY
    asked, lease = rescans.begun()
    replace = ScanCache._replace

    def forced_before(self: ScanCache, *of: Any) -> Any:
        core.event({**scan_input("by-hand", event_name=EVENT_NAME, service=""), "force": True})
        return replace(self, *of)

    monkeypatch.setattr(ScanCache, "_replace", forced_before)
    core.end(lease, CRITICAL, asked)
    assert core.entry()["status"] == "FINDINGS"
