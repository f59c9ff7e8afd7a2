"""Leases and verdicts: who scans, who waits, who is notified."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_scan.cache.leases import ScanCache
from image_scan.cache.table import CacheTable, ConditionFailedError
from image_scan.contracts import Outcome, ScanInput, TaskState
from image_scan.errors import AwsUnavailable, ItemTooLarge
from image_scan.events.workloads import workload_of
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
    freed,
    image,
    lease,
    recorded,
    scan_input,
    tag_only,
    taken,
)

if TYPE_CHECKING:
    from image_scan.contracts import Lease
    from tests.support.doubles import Clock


TIMEOUT = Outcome(verdict="TIMEOUT", reason="no end")


def item(table: CacheTable, key: str = DIGEST) -> dict[str, Any]:
    found = table.get(key)
    assert found is not None
    return found


class TestLease:
    def test_the_first_who_asks_scans(self, cache: ScanCache, table: CacheTable) -> None:
        found = taken(cache.decide(scan_input(), LEASE))
        assert found["key"] == DIGEST
        stored = item(table)
        assert (stored["status"], stored["owner"]) == ("IN_PROGRESS", found["owner"])
        assert (stored["acquired_at"], stored["ttl"]) == (NOW * 1000, NOW + LEASE)
        assert stored["repository"] == "shop/app"

    def test_the_others_wait_and_are_noted(self, cache: ScanCache, table: CacheTable) -> None:
        cache.decide(scan_input("event-1", service="web"), LEASE)
        second = cache.decide(scan_input("event-2", service="worker"), LEASE)
        assert second == {"decision": "skip", "lease": None, "outcome": None}
        assert [workload["service"] for workload in item(table)["workloads"].values()] == [
            "web",
            "worker",
        ]

    def test_the_same_delivery_again_has_the_same_lease(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        """So the execution gets the same name, and starts once."""
        first = cache.decide(scan_input(), LEASE)
        clock.now += 42
        assert cache.decide(scan_input(), LEASE) == first

    def test_a_lease_ends_though_its_item_is_still_there(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        first = taken(cache.decide(scan_input(), LEASE))
        clock.now += LEASE - 1
        assert cache.decide(scan_input("event-2"), LEASE)["decision"] == "skip"
        clock.now += 1
        second = taken(cache.decide(scan_input("event-3"), LEASE))
        assert second["execution_name"] != first["execution_name"]

    def test_a_new_lease_of_the_same_event_has_a_new_name(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        """Names of executions cannot be used again for 90 days."""
        first = taken(cache.decide(scan_input(), LEASE))
        freed(cache, first, TIMEOUT)
        clock.now += 0.25
        assert taken(cache.decide(scan_input(), LEASE))["execution_name"] != first["execution_name"]

    @pytest.mark.parametrize("is_known", [False, True])
    def test_a_write_whose_answer_was_lost_gives_no_name_that_is_used(
        self, cache: ScanCache, table: CacheTable, monkeypatch: pytest.MonkeyPatch, is_known: bool
    ) -> None:
        """The SDK writes again; meanwhile the event's second delivery has scanned, and is done."""
        if is_known:
            freed(cache, taken(cache.decide(scan_input("event-0"), LEASE)), TIMEOUT)
        put = table.put
        ended: list[Lease] = []

        def lose(item: Any, condition: str = "", **values: Any) -> None:
            put(item, condition, **values)
            if not ended:
                ended.append(taken(cache.decide(scan_input(), LEASE)))
                freed(cache, ended[0], TIMEOUT)
                put(item, condition, **values)

        monkeypatch.setattr(table, "put", lose)
        found = taken(cache.decide(scan_input(), LEASE))
        assert found["execution_name"] != ended[0]["execution_name"]
        assert cache.workloads_of(found) is not None

    def test_who_held_it_before_ends_no_lease_that_its_own_event_has_taken_again(
        self, cache: ScanCache, table: CacheTable
    ) -> None:
        before = taken(cache.decide(scan_input(), LEASE))
        freed(cache, before, TIMEOUT)
        now = taken(cache.decide(scan_input(), LEASE))
        assert now["owner"] == before["owner"]
        assert cache.workloads_of(before) is None
        assert not cache.record(before, CLEAN, WEEK, item(table)["workloads"])
        assert recorded(cache, now, CLEAN) != {}

    def test_two_images_of_one_event_have_two_leases(self, cache: ScanCache) -> None:
        other = image(key="sha256:" + "9" * 64)
        names = {taken(cache.decide(scan_input(of=each), LEASE))["execution_name"]
                 for each in (image(), other)}  # fmt: skip
        assert len(names) == 2

    @given(repository=st.text(max_size=300))
    @settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_the_execution_name_is_one_that_step_functions_takes(self, repository: str) -> None:
        cache = ScanCache(Shifting(), POLICY.may_notify)
        for of in (image(repository=repository), tag_only(repository=repository)):
            name = cache._lease(scan_input(of=of), NOW)["execution_name"]
            assert 1 <= len(name) <= 80
            assert name.replace("-", "").isalnum()
            assert name.isascii()

    def test_a_registration_waits_for_nothing(self, cache: ScanCache, table: CacheTable) -> None:
        """Nothing runs there yet, so nobody is notified of the verdict for its sake."""
        cache.decide(scan_input("event-1"), LEASE)
        cache.decide(scan_input("event-2", event_name="RegisterTaskDefinition", service=""), LEASE)
        assert len(item(table)["workloads"]) == 1


class TestVerdict:
    def test_a_recorded_verdict_answers_later_deployments(
        self, cache: ScanCache, table: CacheTable, clock: Clock
    ) -> None:
        recorded(cache, taken(cache.decide(scan_input(), LEASE)), CRITICAL)
        stored = item(table)
        assert {name: stored[name] for name in CRITICAL if name != "verdict"} == {
            name: value for name, value in CRITICAL.items() if name != "verdict"
        }
        assert (stored["status"], stored["ttl"]) == ("FINDINGS", NOW + WEEK)
        clock.now += WEEK - 1
        assert cache.decide(scan_input("event-2"), LEASE)["decision"] == "skip"
        clock.now += 1
        assert cache.decide(scan_input("event-3"), LEASE)["decision"] == "scan"

    def test_a_bad_verdict_is_notified_to_a_new_workload_once(self, cache: ScanCache) -> None:
        recorded(cache, taken(cache.decide(scan_input(service="web"), LEASE)), CRITICAL)
        other = scan_input("event-2", service="worker")
        decision = cache.decide(other, LEASE)
        assert decision == {"decision": "notify", "lease": None, "outcome": CRITICAL}
        cache.record_notified(other, CRITICAL, WEEK)
        assert cache.decide(scan_input("event-3", service="worker"), LEASE)["decision"] == "skip"

    def test_a_workload_is_notified_by_one_of_its_events(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        recorded(cache, taken(cache.decide(scan_input(service="web"), LEASE)), CRITICAL)
        call = scan_input("call", service="worker")
        first = cache.decide(call, LEASE)
        tasks = [cache.decide(started(n, service="worker"), LEASE) for n in range(3)]
        assert [each["decision"] for each in (first, *tasks)] == ["notify", "skip", "skip", "skip"]
        assert cache.decide(call, LEASE) == first, "its notification failed, and is tried again"
        clock.now += 300
        assert cache.decide(started(4, service="worker"), LEASE)["decision"] == "notify"
        cache.record_notified(call, CRITICAL, WEEK)
        assert cache.decide(call, LEASE)["decision"] == "skip"

    def test_a_workload_that_was_not_notified_is_one_that_waits_for_the_next_scan(
        self, cache: ScanCache
    ) -> None:
        recorded(cache, taken(cache.decide(scan_input(service="web"), LEASE)), CRITICAL)
        cache.decide(scan_input("event-2", service="worker"), LEASE)
        forced: ScanInput = {**scan_input("event-3", service="web"), "force": True}
        lease = taken(cache.decide(forced, LEASE))
        workloads = cache.workloads_of(lease) or {}
        assert [workload["service"] for workload in workloads.values()] == ["web", "worker"]
        assert not [workload for workload in workloads.values() if "claimed_until" in workload]

    @pytest.mark.parametrize("outcome", [CLEAN, MEDIUM])
    def test_a_verdict_that_is_not_bad_is_notified_to_nobody(
        self, cache: ScanCache, outcome: Outcome
    ) -> None:
        recorded(cache, taken(cache.decide(scan_input(), LEASE)), outcome)
        assert cache.decide(scan_input("event-2", service="worker"), LEASE)["decision"] == "skip"

    def test_a_registration_is_not_notified(self, cache: ScanCache) -> None:
        recorded(cache, taken(cache.decide(scan_input(), LEASE)), CRITICAL)
        registration = scan_input("event-2", event_name="RegisterTaskDefinition", service="new")
        assert cache.decide(registration, LEASE)["decision"] == "skip"

    def test_a_result_that_was_not_renewed_is_believed_for_a_day(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        recorded(cache, taken(cache.decide(scan_input(), LEASE)), Outcome(**CLEAN, fresh=False))
        clock.now += 86_399
        assert cache.decide(scan_input("event-2"), LEASE)["decision"] == "skip"
        clock.now += 1
        assert cache.decide(scan_input("event-3"), LEASE)["decision"] == "scan"

    def test_an_image_known_by_its_tag_is_believed_for_an_hour(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        recorded(cache, taken(cache.decide(scan_input(of=tag_only()), LEASE)), CLEAN)
        clock.now += 3599
        assert cache.decide(scan_input("event-2", of=tag_only()), LEASE)["decision"] == "skip"
        clock.now += 1
        assert cache.decide(scan_input("event-3", of=tag_only()), LEASE)["decision"] == "scan"

    def test_recording_gives_those_who_waited(self, cache: ScanCache) -> None:
        held = taken(cache.decide(scan_input("event-1", service="web"), LEASE))
        cache.decide(scan_input("event-2", service="worker"), LEASE)
        workloads = recorded(cache, held, CLEAN)
        assert sorted(workload["service"] for workload in workloads.values()) == ["web", "worker"]
        assert all(workload["containers"] == ["app"] for workload in workloads.values())

    def test_a_freed_image_is_scanned_again(self, cache: ScanCache, table: CacheTable) -> None:
        held = taken(cache.decide(scan_input(), LEASE))
        assert len(freed(cache, held, TIMEOUT)) == 1
        assert item(table)["status"] == "TIMEOUT"
        assert cache.decide(scan_input("event-2"), LEASE)["decision"] == "scan"

    def test_what_a_scan_found_unscannable_is_not_scanned_at_each_start_of_a_task(
        self, cache: ScanCache
    ) -> None:
        """As an image for a platform that Qualys does not pull: no scan will change that."""
        unscannable = Outcome(verdict="UNSCANNABLE", reason="another platform")
        recorded(cache, taken(cache.decide(scan_input(), LEASE)), unscannable)
        started = scan_input("event-2")
        started["task"] = TaskState(arn="task/1", stopped=False)
        assert cache.decide(started, LEASE)["decision"] == "skip"
        assert cache.decide(scan_input("event-3"), LEASE)["decision"] == "scan"

    def test_who_waited_for_a_scan_without_a_result_is_notified_of_the_next(
        self, cache: ScanCache
    ) -> None:
        held = taken(cache.decide(scan_input("event-1", service="web"), LEASE))
        cache.decide(scan_input("event-2", service="worker"), LEASE)
        freed(cache, held, TIMEOUT)
        again = taken(cache.decide(scan_input("event-3", service="batch"), LEASE))
        workloads = recorded(cache, again, CLEAN).values()
        assert sorted(workload["service"] for workload in workloads) == ["batch", "web", "worker"]

    def test_who_waited_for_a_scan_that_died_is_notified_of_the_next(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        cache.decide(scan_input("event-1", service="web"), LEASE)
        clock.now += LEASE
        again = taken(cache.decide(scan_input("event-2", service="worker"), LEASE))
        workloads = recorded(cache, again, CLEAN).values()
        assert sorted(workload["service"] for workload in workloads) == ["web", "worker"]

    def test_an_old_verdict_notifies_nobody_but_who_asks(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        recorded(cache, taken(cache.decide(scan_input(service="web"), LEASE)), CLEAN)
        clock.now += WEEK
        again = taken(cache.decide(scan_input("event-2", service="worker"), LEASE))
        assert [workload["service"] for workload in recorded(cache, again, CLEAN).values()] == [
            "worker"
        ]

    def test_what_had_no_result_and_is_gone_now_is_notified(
        self, cache: ScanCache, table: CacheTable
    ) -> None:
        freed(cache, taken(cache.decide(scan_input(), LEASE)), TIMEOUT)
        gone = scan_input("event-2", of=image(unscannable="gone"), service="other")
        for _ in range(2):  # the same when it is tried again
            decision = cache.decide(gone, LEASE)
            assert decision["decision"] == "notify"
            assert decision["outcome"] == {"verdict": "UNSCANNABLE", "reason": "gone"}
        assert decision["lease"]
        assert decision["outcome"]
        workloads = recorded(cache, decision["lease"], decision["outcome"])
        assert len(workloads) == 2
        assert item(table)["status"] == "UNSCANNABLE"

    def test_a_registration_of_what_had_no_result_is_notified_too(self, cache: ScanCache) -> None:
        registered = {"event_name": "RegisterTaskDefinition", "service": ""}
        freed(cache, taken(cache.decide(scan_input(of=image(), **registered), LEASE)), TIMEOUT)
        gone = scan_input("event-2", of=image(unscannable="gone"), **registered)
        assert cache.decide(gone, LEASE)["decision"] == "notify"

    def test_who_deploys_what_is_gone_waits_for_the_scan_that_has_begun(
        self, cache: ScanCache
    ) -> None:
        held = taken(cache.decide(scan_input(service="web"), LEASE))
        gone = scan_input("event-2", of=image(unscannable="gone"), service="late")
        assert cache.decide(gone, LEASE)["decision"] == "skip"
        workloads = recorded(cache, held, CLEAN).values()
        assert sorted(workload["service"] for workload in workloads) == ["late", "web"]

    def test_a_second_delivery_ends_no_scan_that_has_begun(self, cache: ScanCache) -> None:
        first = cache.decide(scan_input(), LEASE)
        assert cache.decide(scan_input(of=image(unscannable="gone")), LEASE) == first

    @pytest.mark.parametrize("end", ["record", "free"])
    def test_who_no_longer_holds_the_lease_changes_nothing(
        self, cache: ScanCache, table: CacheTable, clock: Clock, end: str
    ) -> None:
        stale = taken(cache.decide(scan_input(), LEASE))
        clock.now += LEASE
        current = taken(cache.decide(scan_input("event-2"), LEASE))
        before = item(table)
        assert not getattr(cache, end)(stale, CLEAN, WEEK, before["workloads"])
        assert item(table) == before
        assert cache.workloads_of(stale) is None
        assert cache.workloads_of(current) == before["workloads"]

    def test_a_verdict_is_not_held_any_more(self, cache: ScanCache) -> None:
        held = taken(cache.decide(scan_input(), LEASE))
        recorded(cache, held, CLEAN)
        assert cache.workloads_of(held) is None
        assert cache.workloads_of(lease(key="nothing")) is None


class TestForce:
    """A scan asked for past a verdict."""

    def test_it_takes_the_workload_of_a_verdict(self, cache: ScanCache, table: CacheTable) -> None:
        recorded(cache, taken(cache.decide(scan_input(service="web"), LEASE)), CLEAN)
        held = taken(cache.decide(forced("event-2"), LEASE))
        stored = item(table)
        assert (stored["status"], stored["owner"]) == ("IN_PROGRESS", held["owner"])
        assert "counts" not in stored

    def test_who_had_the_old_verdict_is_notified_of_the_new_one(self, cache: ScanCache) -> None:
        recorded(cache, taken(cache.decide(scan_input(service="web"), LEASE)), CLEAN)
        held = taken(cache.decide(forced("event-2", service="by-hand"), LEASE))
        workloads = cache.workloads_of(held) or {}
        assert sorted(workload["service"] for workload in workloads.values()) == ["by-hand", "web"]

    def test_a_running_scan_goes_on(self, cache: ScanCache, table: CacheTable) -> None:
        first = taken(cache.decide(scan_input(), LEASE))
        assert cache.decide(forced("event-2"), LEASE)["decision"] == "skip"
        assert item(table)["owner"] == first["owner"]

    def test_the_same_request_again_is_one_scan(self, cache: ScanCache) -> None:
        held = taken(cache.decide(forced("event-2"), LEASE))
        assert taken(cache.decide(forced("event-2"), LEASE)) == held
        recorded(cache, held, CLEAN)
        assert cache.decide(forced("event-2"), LEASE)["decision"] == "skip"

    def test_an_unknown_image_is_scanned_as_any(self, cache: ScanCache) -> None:
        assert cache.decide(forced("event-2"), LEASE)["decision"] == "scan"


def forced(event_id: str, **where: Any) -> ScanInput:
    return {**scan_input(event_id, **where), "force": True}


class TestUnscannable:
    NGINX = image(key="nginx", uri="nginx", digest="", unscannable="not ECR")

    def test_it_is_notified_and_then_known(
        self, cache: ScanCache, table: CacheTable, clock: Clock
    ) -> None:
        asked = scan_input(of=self.NGINX)
        decision = cache.decide(asked, LEASE)
        assert decision["decision"] == "notify"
        assert decision["outcome"] == {"verdict": "UNSCANNABLE", "reason": "not ECR"}
        assert decision["lease"] is None
        others = [scan_input("event-0", of=self.NGINX), started(1, of=self.NGINX)]
        assert [cache.decide(each, LEASE)["decision"] for each in others] == ["skip", "skip"]
        assert cache.decide(asked, LEASE) == decision, "its notification failed, and is tried again"
        cache.record_notified(asked, decision["outcome"], WEEK)
        assert cache.decide(asked, LEASE)["decision"] == "skip"
        assert item(table, "nginx")["reason"] == "not ECR"
        assert cache.decide(scan_input("event-2", of=self.NGINX), LEASE)["decision"] == "skip"
        clock.now += WEEK
        assert cache.decide(scan_input("event-3", of=self.NGINX), LEASE)["decision"] == "notify"

    def test_a_registration_is_no_reason_to_notify(self, cache: ScanCache) -> None:
        """A pipeline may register before it pushes."""
        asked = scan_input(of=self.NGINX, event_name="RegisterTaskDefinition")
        assert cache.decide(asked, LEASE)["decision"] == "skip"
        assert cache.decide(scan_input("event-2", of=self.NGINX), LEASE)["decision"] == "notify"

    def test_it_is_scanned_as_soon_as_it_can_be(self, cache: ScanCache) -> None:
        untagged = scan_input(of=image(unscannable="no tag"))
        assert cache.decide(untagged, LEASE)["decision"] == "notify"
        cache.record_notified(untagged, Outcome(verdict="UNSCANNABLE", reason="no tag"), WEEK)
        assert cache.decide(scan_input("event-2"), LEASE)["decision"] == "scan"

    @pytest.mark.parametrize("lease_is_over", [False, True], ids=["failed", "died"])
    def test_the_same_bytes_without_a_tag_elsewhere_end_nobodys_wait_for_a_scan(
        self, cache: ScanCache, table: CacheTable, clock: Clock, lease_is_over: bool
    ) -> None:
        """Another repository's tag may have moved on; in this one a scan can be asked for."""
        held = taken(cache.decide(scan_input(), LEASE))
        if lease_is_over:
            clock.now += LEASE
        else:
            freed(cache, held, Outcome(verdict="ERROR", reason="ScanFailed: no space"))
        before = item(table)
        copy = image(repository="dev/app", uri=f"{HOST}/dev/app@{DIGEST}", unscannable="no tag")
        asked = scan_input("event-2", of=copy, service="dev")
        for _ in range(2):  # its notification failed, and its event comes again
            decision = cache.decide(asked, LEASE)
            assert (decision["decision"], decision["lease"]) == ("notify", None)
            assert decision["outcome"] == {"verdict": "UNSCANNABLE", "reason": "no tag"}
            cache.record_notified(asked, decision["outcome"], WEEK)
        after = item(table)
        assert {**after, "workloads": None} == {**before, "workloads": None}
        assert len(after["workloads"]) == 2, "it is notified of the next scan"
        for again in (
            scan_input("event-3", of=copy, service="dev"),
            started(1, copy, service="dev"),
        ):
            assert cache.decide(again, LEASE)["decision"] == "skip"
        assert cache.decide(scan_input("event-4"), LEASE)["decision"] == "scan"

    def test_noting_it_does_not_replace_a_lease(self, cache: ScanCache, table: CacheTable) -> None:
        cache.decide(scan_input(), LEASE)
        untagged = scan_input("event-2", of=image(unscannable="no tag"))
        cache.record_notified(untagged, Outcome(verdict="UNSCANNABLE", reason="no tag"), WEEK)
        assert item(table)["status"] == "IN_PROGRESS"


def test_noting_a_verdict_that_has_moved_on_is_harmless(
    cache: ScanCache, table: CacheTable
) -> None:
    cache.decide(scan_input(), LEASE)
    before = item(table)
    cache.record_notified(scan_input("event-2", service="worker"), CRITICAL, WEEK)
    assert item(table) == before


class Shifting(CacheTable):
    """A table where somebody else is always quicker."""

    def __init__(self) -> None:
        self.puts = 0

    def put(self, *_: Any, **__: Any) -> NoReturn:
        self.puts += 1
        other = {"status": "IN_PROGRESS", "owner": f"other-{self.puts}", "acquired_at": self.puts}
        raise ConditionFailedError({**other, "ttl": time.time() + 60})

    def update(self, *_: Any, **__: Any) -> NoReturn:
        raise ConditionFailedError({})


def test_an_image_that_changes_under_our_hands_is_tried_later() -> None:
    table = Shifting()
    with pytest.raises(AwsUnavailable):
        ScanCache(table, POLICY.may_notify).decide(scan_input(), LEASE)
    assert table.puts == 3


def started(number: int, of: Any = None, **where: Any) -> ScanInput:
    """One more task of a service, which ECS reports and nobody has called for."""
    where = {"event_name": "ECS Task State Change", "principal": "", **where}
    state = TaskState(arn=f"task/{number}", stopped=False)
    return {**scan_input(f"task-{number}", of=of, **where), "task": state}


def test_a_task_that_stops_is_no_deployment(cache: ScanCache) -> None:
    over = started(1)
    over["task"] = TaskState(arn="task/1", stopped=True)
    assert cache.decide(over, LEASE)["decision"] == "skip"
    assert cache.decide(started(2), LEASE)["decision"] == "scan"


def test_a_task_that_starts_takes_nothing_from_what_is_known_of_its_workload(
    cache: ScanCache,
) -> None:
    held = taken(cache.decide(scan_input("event-1"), LEASE))
    assert cache.decide(started(1), LEASE)["decision"] == "skip"
    (workload,) = (cache.workloads_of(held) or {}).values()
    assert workload["principal"].endswith("/deployer")
    assert cache.decide(started(2, service="other"), LEASE)["decision"] == "skip"
    assert len(cache.workloads_of(held) or {}) == 2


def test_who_deployed_is_learned_after_the_first_task(cache: ScanCache) -> None:
    held = taken(cache.decide(started(1), LEASE))
    assert cache.decide(scan_input("event-1"), LEASE)["decision"] == "skip"
    (workload,) = (cache.workloads_of(held) or {}).values()
    assert workload["principal"].endswith("/deployer")


@pytest.mark.parametrize("verdict", ["ERROR", "TIMEOUT"])
def test_a_scan_without_a_result_is_not_repeated_by_each_task_that_starts(
    cache: ScanCache, verdict: Any
) -> None:
    held = taken(cache.decide(scan_input("event-1"), LEASE))
    freed(cache, held, Outcome(verdict=verdict, reason="no end"))
    assert [cache.decide(started(n), LEASE)["decision"] for n in range(3)] == ["skip"] * 3
    assert cache.decide(started(4, service="other"), LEASE)["decision"] == "scan"


def test_a_workload_is_a_workload_and_not_a_delivery() -> None:
    def workload(**where: Any) -> str:
        return workload_of(scan_input(**where))[0]

    assert workload(event_name="UpdateService") == workload(event_name="CreateService")
    assert workload(service="", task_definition="shop:8") == workload(
        service="", task_definition="shop:7"
    )
    different = [workload(), workload(account="2"), workload(region="r"), workload(cluster="c"),
                 workload(service="s"), workload(service="")]  # fmt: skip
    assert len(set(different)) == len(different)


class TestFull:
    """An image that so many workloads run that its item takes no more of them."""

    @pytest.fixture
    def full(self, table: CacheTable, monkeypatch: pytest.MonkeyPatch) -> None:
        update = table.update

        def refuse(key: str, changes: Any, *given: Any, **values: Any) -> Any:
            if any(path.startswith("workloads.") for path in changes):
                raise ItemTooLarge("dynamodb:UpdateItem")
            return update(key, changes, *given, **values)

        monkeypatch.setattr(table, "update", refuse)

    @pytest.mark.usefixtures("full")
    def test_who_comes_to_a_scan_is_recorded_with_its_event(self, cache: ScanCache) -> None:
        held = taken(cache.decide(scan_input(service="web"), LEASE))
        with pytest.raises(ItemTooLarge):
            cache.decide(scan_input("event-2", service="late"), LEASE)
        assert len(recorded(cache, held, CRITICAL)) == 1

    @pytest.mark.usefixtures("full")
    def test_who_comes_to_a_verdict_is_notified_every_time(self, cache: ScanCache) -> None:
        recorded(cache, taken(cache.decide(scan_input(service="web"), LEASE)), CRITICAL)
        asked = scan_input("event-2", service="late")
        for _ in range(2):
            decision = cache.decide(asked, LEASE)
            assert decision["decision"] == "notify"
            assert decision["outcome"]
            cache.record_notified(asked, decision["outcome"], WEEK)
