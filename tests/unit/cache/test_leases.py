"""Leases and verdicts: who scans, who waits, what is known."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_scan.aws.dynamodb import ConditionFailedError
from image_scan.cache.entries import lease_of
from image_scan.cache.leases import ScanCache
from image_scan.cache.table import CacheTable
from image_scan.contracts import ScanInput, TaskState
from image_scan.errors import AwsUnavailable
from image_scan.events.workloads import workload_of
from image_scan.results import Outcome
from tests.support.builders import (
    CLEAN,
    CRITICAL,
    DIGEST,
    HOST,
    LEASE,
    MEDIUM,
    NOW,
    POLICY,
    WEEK,
    image,
    lease,
    recorded,
    scan_input,
    tag_only,
    taken,
)
from tests.support.memory_tables import MemoryCache

if TYPE_CHECKING:
    from image_scan.contracts import Lease
    from tests.support.core import Core
    from tests.support.doubles import Clock


TIMEOUT = Outcome(verdict="TIMEOUT", reason="no end")
REGISTERED: dict[str, Any] = {"event_name": "RegisterTaskDefinition", "service": ""}


def decisions(core: Core, *asked: ScanInput) -> list[str]:
    return [core.event(each)["decision"] for each in asked]


def known(core: Core, outcome: Outcome, asked: ScanInput | None = None) -> Lease:
    """An image whose scan has ended so."""
    held = taken(core.event(asked or scan_input()))
    core.end(held, outcome, asked)
    return held


class TestLease:
    def test_the_first_who_asks_scans(self, core: Core) -> None:
        found = taken(core.event(scan_input()))
        assert found["key"] == DIGEST
        entry = core.entry()
        assert (entry["status"], entry["owner"]) == ("IN_PROGRESS", found["owner"])
        assert entry["acquired_at"] == entry["since"] == NOW * 1000
        assert entry["ttl"] == NOW + LEASE
        assert entry["repository"] == "shop/app"

    def test_the_others_wait_and_change_nothing(self, core: Core) -> None:
        core.event(scan_input("event-1", service="web"))
        before = core.entry()
        second = core.event(scan_input("event-2", service="worker"))
        assert second == {"decision": "skip", "lease": None, "outcome": None}
        assert core.entry() == before
        assert sorted(core.workloads()) == ["web", "worker"]

    def test_the_same_delivery_again_has_the_same_lease(self, core: Core, clock: Clock) -> None:
        """So the execution gets the same name, and starts once."""
        first = core.event(scan_input())
        clock.now += 42
        assert core.event(scan_input()) == first

    def test_a_scan_that_begins_late_has_the_whole_lease(self, core: Core, clock: Clock) -> None:
        """StartScan had failed, and the queued event comes again shortly before the lease ends."""
        held = taken(core.event(scan_input()))
        clock.now += LEASE - 100
        assert taken(core.event(scan_input())) == held
        clock.now += 101
        assert decisions(core, scan_input("event-2", service="worker")) == ["skip"]
        clock.now += LEASE
        assert decisions(core, scan_input("event-2", service="worker")) == ["scan"]

    def test_a_lease_ends_though_its_item_is_still_there(self, core: Core, clock: Clock) -> None:
        first = taken(core.event(scan_input()))
        clock.now += LEASE - 1
        assert decisions(core, scan_input("event-2")) == ["skip"]
        clock.now += 1
        second = taken(core.event(scan_input("event-3")))
        assert second["execution_name"] != first["execution_name"]
        assert core.entry()["since"] == first["acquired_at"], "who waited waits for this one"

    def test_a_new_lease_of_the_same_event_has_a_new_name(self, core: Core) -> None:
        """Names of executions cannot be used again for 90 days."""
        first = known(core, TIMEOUT)
        assert taken(core.event(scan_input()))["execution_name"] != first["execution_name"]

    @pytest.mark.parametrize("is_known", [False, True])
    def test_a_write_whose_answer_was_lost_gives_no_name_that_is_used(
        self, core: Core, monkeypatch: pytest.MonkeyPatch, is_known: bool
    ) -> None:
        """The SDK writes again; meanwhile the event's second delivery has scanned, and is done."""
        if is_known:
            known(core, TIMEOUT, scan_input("event-0"))
        put = core.table.put
        ended: list[Lease] = []

        def lose(item: Any, condition: Any = None) -> None:
            put(item, condition)
            if not ended:
                ended.append(taken(core.event(scan_input())))
                recorded(core.cache, ended[0], TIMEOUT)
                put(item, condition)

        monkeypatch.setattr(core.table, "put", lose)
        found = taken(core.event(scan_input()))
        assert found["execution_name"] != ended[0]["execution_name"]
        assert core.cache.held(found)["status"] == "IN_PROGRESS"

    def test_who_held_it_before_ends_no_lease_that_its_own_event_has_taken_again(
        self, core: Core
    ) -> None:
        before = known(core, TIMEOUT)
        now = taken(core.event(scan_input()))
        assert now["owner"] == before["owner"]
        assert core.cache.held(before) == {}
        assert not core.cache.record(before, CLEAN, WEEK)
        assert core.cache.record(now, CLEAN, WEEK)

    def test_two_images_of_one_event_have_two_leases(self, core: Core) -> None:
        other = image(key="sha256:" + "9" * 64)
        names = {taken(core.event(scan_input(of=each)))["execution_name"]
                 for each in (image(), other)}  # fmt: skip
        assert len(names) == 2

    @given(repository=st.text(max_size=300))
    @settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_the_execution_name_is_one_that_step_functions_takes(self, repository: str) -> None:
        for of in (image(repository=repository), tag_only(repository=repository)):
            name = lease_of(scan_input(of=of), NOW * 1000)["execution_name"]
            assert 1 <= len(name) <= 80
            assert name.replace("-", "").isalnum()
            assert name.isascii()

    def test_the_findings_of_an_older_scan_replace_no_newer_ones(self, core: Core) -> None:
        newer, older = (lease(acquired_at=number) for number in (2, 1))
        for of, listed in ((newer, "new"), (older, "old")):
            core.cache.keep_findings(of, Outcome(verdict="FINDINGS", listed=listed), WEEK)
        assert core.cache.findings_of(DIGEST) == core.cache.findings_of(DIGEST, 2) == "new"
        assert core.cache.findings_of(DIGEST, 1) == ""

    @pytest.mark.parametrize("name", ["RegisterTaskDefinition", "ScanRequest"])
    def test_who_asks_and_runs_nothing_is_known_to_its_scan_alone(
        self, core: Core, name: str
    ) -> None:
        core.event(scan_input("event-1", event_name=name))
        (request,) = core.entry()["requests"].values()
        assert request["event_name"] == name
        assert core.workloads() == {}

    @pytest.mark.attack(3)
    def test_who_asks_without_end_does_not_fill_the_entry(self, core: Core, clock: Clock) -> None:
        """An image that always fails: whoever finds no room is queued, and nobody is dropped."""
        queued = []
        for number in range(400):
            clock.now += 1
            family = f"task-definition/family-{number}:1"
            asked = scan_input(f"event-{number}", **{**REGISTERED, "task_definition": family})
            try:
                core.end(taken(core.event(asked)), Outcome(verdict="ERROR", reason="no end"))
            except AwsUnavailable:
                queued.append(asked)
        entry = core.entry()
        assert len(json.dumps(entry)) < 60_000
        assert len(queued) + len(entry["requests"]) == 400
        assert len(entry["requests"]) > 100
        held = taken(core.event(scan_input("call")))
        assert core.entry()["requests"] == entry["requests"], "who runs the image needs no room"
        core.end(held, CRITICAL)
        assert len(core.sent.services()[-1]) == len(entry["requests"]) + 1
        assert decisions(core, *queued) == ["skip"] * len(queued)

    def test_who_asks_by_hand_beside_a_scan_finds_room_or_is_queued(self, core: Core) -> None:
        core.event(scan_input("event-1"))

        def ask(number: int) -> None:
            principal = f"arn:aws:iam::123456789012:user/{number}"
            name: Any = {"event_name": "ScanRequest", "service": "", "principal": principal}
            core.event(scan_input(f"hand-{number}", **name))

        for number in range(100):
            ask(number)
        assert len(core.entry()["requests"]) == 100
        with pytest.raises(AwsUnavailable, match="too many"):
            deque(map(ask, range(400)))

    def test_a_registration_that_comes_later_is_not_noted(self, core: Core) -> None:
        core.event(scan_input("event-1"))
        core.event(scan_input("event-2", **REGISTERED))
        assert core.entry()["requests"] == {}


class TestVerdict:
    def test_a_recorded_verdict_answers_later_deployments(self, core: Core, clock: Clock) -> None:
        known(core, CRITICAL)
        entry = core.entry()
        assert {name: entry[name] for name in CRITICAL if name != "verdict"} == {
            name: value for name, value in CRITICAL.items() if name != "verdict"
        }
        assert (entry["status"], entry["ttl"]) == ("FINDINGS", NOW + WEEK)
        clock.now += WEEK - 1
        assert decisions(core, scan_input("event-2")) == ["skip"]
        clock.now += 1
        assert decisions(core, scan_input("event-3")) == ["scan"]
        assert core.entry()["since"] == int(clock.now * 1000), "who asked before has its answer"

    def test_a_bad_verdict_is_for_a_new_workload_once(self, core: Core) -> None:
        held = known(core, CRITICAL)
        other = scan_input("event-2", service="worker")
        expected = {"decision": "notify", "lease": None, "outcome": CRITICAL}
        assert core.handle(other) == {**expected, "scan": held["acquired_at"]}
        assert decisions(core, scan_input("event-3", service="worker")) == ["skip"]

    def test_a_workload_is_notified_by_one_of_its_events(self, core: Core, clock: Clock) -> None:
        number = known(core, CRITICAL)["acquired_at"]
        call = scan_input("call", service="worker")
        first = core.event(call)
        (row,) = core.claims.claim(DIGEST, [workload_of(call)[0]], number, "call")
        tasks = [started(n, service="worker") for n in range(3)]
        assert first["decision"] == "notify"
        assert decisions(core, *tasks) == ["skip"] * 3
        assert core.event(call) == first, "its notification failed, and is tried again"
        clock.now += 300
        assert decisions(core, started(4, service="worker")) == ["notify"]
        core.claims.mark(DIGEST, [row], "", {})
        assert decisions(core, call) == ["skip"]

    @pytest.mark.parametrize("outcome", [CLEAN, MEDIUM])
    def test_a_verdict_that_is_not_bad_is_for_nobody(self, core: Core, outcome: Outcome) -> None:
        known(core, outcome)
        assert decisions(core, scan_input("event-2", service="worker")) == ["skip"]

    def test_a_registration_is_not_notified_of_what_is_known(self, core: Core) -> None:
        known(core, CRITICAL)
        assert decisions(core, scan_input("event-2", **REGISTERED)) == ["skip"]

    def test_a_result_that_was_not_renewed_is_believed_for_a_day(
        self, core: Core, clock: Clock
    ) -> None:
        known(core, Outcome(**CLEAN, fresh=False))
        clock.now += 86_399
        assert decisions(core, scan_input("event-2")) == ["skip"]
        clock.now += 1
        assert decisions(core, scan_input("event-3")) == ["scan"]

    def test_an_image_known_by_its_tag_is_believed_for_an_hour(
        self, core: Core, clock: Clock
    ) -> None:
        known(core, CLEAN, scan_input(of=tag_only()))
        clock.now += 3599
        assert decisions(core, scan_input("event-2", of=tag_only())) == ["skip"]
        clock.now += 1
        assert decisions(core, scan_input("event-3", of=tag_only())) == ["scan"]

    def test_the_event_of_a_scan_goes_on_for_all_who_waited(self, core: Core) -> None:
        """Its completion has died, and the request was queued."""
        held = taken(core.event(scan_input()))
        recorded(core.cache, held, CRITICAL)
        again = core.event(scan_input())
        assert (again["decision"], again["lease"]) == ("notify", held)

    @pytest.mark.held("the verdict of another image")
    def test_a_failed_image_is_scanned_again(self, core: Core) -> None:
        known(core, TIMEOUT)
        assert core.entry()["status"] == "TIMEOUT"
        assert decisions(core, scan_input("event-2")) == ["scan"]

    def test_what_a_scan_found_unscannable_is_not_scanned_at_each_start_of_a_task(
        self, core: Core
    ) -> None:
        """As an image for a platform that Qualys does not pull: no scan will change that."""
        known(core, Outcome(verdict="UNSCANNABLE", reason="another platform"))
        assert decisions(core, started(1), scan_input("event-3")) == ["skip", "scan"]

    def test_what_had_no_result_and_is_gone_now_ends_for_all(self, core: Core) -> None:
        known(core, TIMEOUT)
        gone = scan_input("event-2", of=image(unscannable="gone"), service="other")
        for _ in range(2):  # the same when it is tried again
            decision = core.event(gone)
            assert decision["decision"] == "notify"
            assert decision["outcome"] == {"verdict": "UNSCANNABLE", "reason": "gone"}
        core.handle(gone)
        assert core.sent.calls[-1] == (DIGEST, "UNSCANNABLE", ["other", "web"])
        assert core.entry()["status"] == "UNSCANNABLE"

    def test_a_registration_of_what_had_no_result_ends_it_too(self, core: Core) -> None:
        known(core, TIMEOUT, scan_input(**REGISTERED))
        gone = scan_input("event-2", of=image(unscannable="gone"), **REGISTERED)
        assert decisions(core, gone) == ["notify"]

    def test_who_deploys_what_is_gone_waits_for_the_scan_that_has_begun(self, core: Core) -> None:
        core.event(scan_input(service="web"))
        gone = scan_input("event-2", of=image(unscannable="gone"), service="late")
        assert decisions(core, gone) == ["skip"]

    def test_a_second_delivery_ends_no_scan_that_has_begun(self, core: Core) -> None:
        first = core.event(scan_input())
        assert core.event(scan_input(of=image(unscannable="gone"))) == first

    @pytest.mark.parametrize("outcome", [CLEAN, TIMEOUT])
    def test_who_no_longer_holds_the_lease_changes_nothing(
        self, core: Core, clock: Clock, outcome: Outcome
    ) -> None:
        stale = taken(core.event(scan_input()))
        clock.now += LEASE
        current = taken(core.event(scan_input("event-2")))
        before = core.entry()
        assert not core.cache.record(stale, outcome, WEEK)
        core.end(stale, outcome)
        assert (core.entry(), core.sent.calls) == (before, [])
        assert core.cache.held(stale) == {}
        assert core.cache.held(current) == before
        assert core.cache.held(lease(key="nothing")) == {}


class TestForce:
    """A scan asked for past a verdict."""

    def test_it_replaces_a_verdict(self, core: Core) -> None:
        known(core, CLEAN)
        held = taken(core.event(forced("event-2")))
        entry = core.entry()
        assert (entry["status"], entry["owner"]) == ("IN_PROGRESS", held["owner"])
        assert "counts" not in entry

    def test_a_running_scan_goes_on(self, core: Core) -> None:
        first = taken(core.event(scan_input()))
        assert decisions(core, forced("event-2")) == ["skip"]
        assert core.entry()["owner"] == first["owner"]

    def test_the_same_request_again_is_one_scan(self, core: Core) -> None:
        held = taken(core.event(forced("event-2")))
        assert taken(core.event(forced("event-2"))) == held
        core.end(held, CLEAN)
        assert decisions(core, forced("event-2")) == ["skip"]

    def test_an_unknown_image_is_scanned_as_any(self, core: Core) -> None:
        assert decisions(core, forced("event-2")) == ["scan"]


def forced(event_id: str, **where: Any) -> ScanInput:
    return {**scan_input(event_id, **where), "force": True}


class TestUnscannable:
    NGINX = image(
        key="elsewhere#nginx", uri="nginx", account_id="", digest="", unscannable="not ECR"
    )
    UNTAGGED = image(unscannable="no tag")

    def test_what_is_not_in_ecr_has_no_entry(self, core: Core, clock: Clock) -> None:
        asked = scan_input(of=self.NGINX)
        expected = {"verdict": "UNSCANNABLE", "reason": "not ECR"}
        assert core.event(asked) == {"decision": "notify", "lease": None, "outcome": expected}
        core.handle(asked)
        others = [asked, scan_input("event-0", of=self.NGINX), started(1, of=self.NGINX)]
        assert decisions(core, *others) == ["skip"] * 3
        clock.now += WEEK
        assert decisions(core, asked) == ["skip"]
        assert decisions(core, scan_input("event-2", of=self.NGINX, service="new")) == ["notify"]
        assert core.entry("elsewhere#nginx") == {}
        assert core.sent.calls == [("elsewhere#nginx", "UNSCANNABLE", ["web"])]
        assert core.sent.announced == [("UNSCANNABLE", ["web"])]

    def test_what_has_no_tag_is_recorded_and_each_workload_notified_once(self, core: Core) -> None:
        asked = scan_input(of=self.UNTAGGED)
        decision = core.event(asked)
        assert (decision["decision"], decision["lease"] is None) == ("notify", False)
        core.handle(asked)
        assert core.entry()["reason"] == "no tag"
        assert decisions(core, scan_input("event-2", of=self.UNTAGGED)) == ["skip"]
        core.handle(scan_input("event-3", of=self.UNTAGGED, service="new"))
        assert core.sent.services() == [["web"], ["new"]]

    @pytest.mark.parametrize("of", [NGINX, UNTAGGED], ids=["not ECR", "no tag"])
    def test_a_registration_is_no_reason_to_notify(self, core: Core, of: Any) -> None:
        """A pipeline may register before it pushes."""
        registered = scan_input(of=of, **REGISTERED)
        assert decisions(core, registered, scan_input("event-2", of=of)) == ["skip", "notify"]

    @pytest.mark.held("the verdict of another image")
    def test_it_is_scanned_as_soon_as_it_can_be(self, core: Core) -> None:
        core.handle(scan_input(of=self.UNTAGGED))
        assert decisions(core, started(1)) == ["scan"]

    @pytest.mark.parametrize("lease_is_over", [False, True], ids=["failed", "died"])
    def test_the_same_bytes_without_a_tag_elsewhere_end_nobodys_wait_for_a_scan(
        self, core: Core, clock: Clock, lease_is_over: bool
    ) -> None:
        """Another repository's tag may have moved on; in this one a scan can be asked for."""
        held = taken(core.event(scan_input()))
        if lease_is_over:
            clock.now += LEASE
        else:
            core.end(held, Outcome(verdict="ERROR", reason="ScanFailed: no space"))
        before = core.entry()
        copy = image(repository="dev/app", uri=f"{HOST}/dev/app@{DIGEST}", unscannable="no tag")
        asked = scan_input("event-2", of=copy, service="dev")
        decision = core.handle(asked)
        assert (decision["decision"], decision["lease"]) == ("notify", None)
        assert decision["outcome"] == {"verdict": "UNSCANNABLE", "reason": "no tag"}
        assert core.entry() == before
        again = (scan_input("event-3", of=copy, service="dev"), started(1, copy, service="dev"))
        assert decisions(core, *again) == ["skip", "skip"]
        held = taken(core.event(scan_input("event-4")))
        core.end(held, CRITICAL)
        assert core.sent.services()[-1] == ["dev", "web"], "it is notified of the next scan"


class Shifting(CacheTable):
    """A table where somebody else is always quicker."""

    def __init__(self) -> None:
        self.puts = 0

    def get(self, _: str, *, consistent: bool = True) -> dict[str, Any]:  # noqa: ARG002
        ended = {"status": "ERROR", "owner": "other", "acquired_at": self.puts}
        return {**ended, "ttl": time.time() + 60}

    def put(self, *_: Any, **__: Any) -> NoReturn:
        self.puts += 1
        raise ConditionFailedError({})


def test_an_image_that_changes_under_our_hands_is_tried_later() -> None:
    table = Shifting()
    with pytest.raises(AwsUnavailable):
        ScanCache(table, POLICY.may_notify).decide(scan_input(), LEASE, {})
    assert table.puts == 3


def test_an_entry_without_a_number_is_replaced() -> None:
    """Nothing that is compared with NULL is equal to it."""
    table = MemoryCache(lambda: None)
    table.put({"imageDigest": DIGEST, "status": "CLEAN", "ttl": NOW - 1})
    cache = ScanCache(table, POLICY.may_notify, lambda: NOW)
    assert cache.decide(scan_input(), LEASE, {})["decision"] == "scan"


def started(number: int, of: Any = None, **where: Any) -> ScanInput:
    """One more task of a service, which ECS reports and nobody has called for."""
    where = {"event_name": "ECS Task State Change", "principal": "", **where}
    state = TaskState(arn=f"task/{number}", stopped=False)
    return {**scan_input(f"task-{number}", of=of, **where), "task": state}


def test_a_task_that_stops_is_no_deployment(core: Core) -> None:
    over = started(1)
    over["task"] = TaskState(arn="task/1", stopped=True)
    assert decisions(core, over, started(2)) == ["skip", "scan"]


@pytest.mark.parametrize("verdict", ["ERROR", "TIMEOUT"])
def test_a_scan_without_a_result_is_not_repeated_by_each_task_that_starts(
    core: Core, verdict: Any
) -> None:
    known(core, Outcome(verdict=verdict, reason="no end"))
    assert decisions(core, *(started(n) for n in range(3))) == ["skip"] * 3
    assert decisions(core, started(4, service="other")) == ["scan"]


def test_a_first_task_that_is_tried_again_scans_what_failed(core: Core) -> None:
    """Its row was written, and its function died then."""
    known(core, TIMEOUT)
    asked = started(4, service="other")
    core.inventory.note(asked)
    assert decisions(core, asked) == ["scan"]


def test_a_workload_is_not_a_delivery() -> None:
    def workload(**where: Any) -> str:
        return workload_of(scan_input(**where))[0]

    assert workload(event_name="UpdateService") == workload(event_name="CreateService")
    assert workload(service="", task_definition="shop:8") == workload(
        service="", task_definition="shop:7"
    )
    different = [workload(), workload(account="2"), workload(region="r"), workload(cluster="c"),
                 workload(service="s"), workload(service="")]  # fmt: skip
    assert len(set(different)) == len(different)
