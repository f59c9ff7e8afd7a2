"""Leases and verdicts: who scans, who waits, who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_scan import scan_cache
from image_scan.cache_table import ConditionFailedError
from image_scan.errors import AwsUnavailable
from image_scan.payloads import ImageTask, Outcome
from image_scan.scan_cache import ScanCache
from tests.unit.builders import (
    CLEAN,
    CRITICAL,
    DIGEST,
    LEASE,
    MEDIUM,
    NOW,
    WEEK,
    image,
    lease,
    tag_only,
    taken,
    task,
)

if TYPE_CHECKING:
    from image_scan.cache_table import CacheTable
    from tests.unit.conftest import Clock


def item(table: CacheTable, key: str = DIGEST) -> dict[str, Any]:
    found = table.get(key)
    assert found is not None
    return found


class TestLease:
    def test_the_first_who_asks_scans(self, cache: ScanCache, table: CacheTable) -> None:
        found = taken(cache.decide(task(), LEASE))
        assert found["key"] == DIGEST
        kept = item(table)
        assert (kept["status"], kept["owner"]) == ("IN_PROGRESS", found["owner"])
        assert (kept["acquired_at"], kept["ttl"]) == (NOW, NOW + LEASE)
        assert kept["repository"] == "shop/app"

    def test_the_others_wait_and_are_noted(self, cache: ScanCache, table: CacheTable) -> None:
        cache.decide(task("event-1", service="web"), LEASE)
        second = cache.decide(task("event-2", service="worker"), LEASE)
        assert second == {"decision": "skip", "lease": None, "outcome": None}
        assert [place["service"] for place in item(table)["places"].values()] == ["web", "worker"]

    def test_the_same_delivery_again_has_the_same_lease(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        """So the execution gets the same name, and starts once."""
        first = cache.decide(task(), LEASE)
        clock.now += 42
        assert cache.decide(task(), LEASE) == first

    def test_a_lease_ends_though_its_item_is_still_there(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        first = taken(cache.decide(task(), LEASE))
        clock.now += LEASE - 1
        assert cache.decide(task("event-2"), LEASE)["decision"] == "skip"
        clock.now += 1
        second = taken(cache.decide(task("event-3"), LEASE))
        assert second["execution_name"] != first["execution_name"]

    def test_a_new_lease_of_the_same_event_has_a_new_name(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        """Names of executions cannot be used again for 90 days."""
        first = taken(cache.decide(task(), LEASE))
        cache.free(first)
        clock.now += 1
        assert taken(cache.decide(task(), LEASE))["execution_name"] != first["execution_name"]

    def test_two_images_of_one_event_have_two_leases(self, cache: ScanCache) -> None:
        other = image(key="sha256:" + "9" * 64)
        names = {taken(cache.decide(task(of=each), LEASE))["execution_name"]
                 for each in (image(), other)}  # fmt: skip
        assert len(names) == 2

    @given(repository=st.text(max_size=300))
    @settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_the_execution_name_is_one_that_step_functions_takes(self, repository: str) -> None:
        cache = ScanCache(None)  # type: ignore[arg-type]
        for of in (image(repository=repository), tag_only(repository=repository)):
            name = cache._lease(task(of=of), NOW)["execution_name"]
            assert 1 <= len(name) <= 80
            assert name.replace("-", "").isalnum()
            assert name.isascii()

    def test_a_registration_waits_for_nothing(self, cache: ScanCache, table: CacheTable) -> None:
        """Nothing runs there yet, so nobody is told of the verdict for its sake."""
        cache.decide(task("event-1"), LEASE)
        cache.decide(task("event-2", event_name="RegisterTaskDefinition", service=""), LEASE)
        assert len(item(table)["places"]) == 1


class TestVerdict:
    def test_a_recorded_verdict_answers_later_deployments(
        self, cache: ScanCache, table: CacheTable, clock: Clock
    ) -> None:
        cache.record(taken(cache.decide(task(), LEASE)), CRITICAL, WEEK)
        kept = item(table)
        assert {name: kept[name] for name in CRITICAL if name != "verdict"} == {
            name: value for name, value in CRITICAL.items() if name != "verdict"
        }
        assert (kept["status"], kept["ttl"]) == ("FINDINGS", NOW + WEEK)
        clock.now += WEEK - 1
        assert cache.decide(task("event-2"), LEASE)["decision"] == "skip"
        clock.now += 1
        assert cache.decide(task("event-3"), LEASE)["decision"] == "scan"

    def test_a_bad_verdict_is_told_to_a_new_place_once(self, cache: ScanCache) -> None:
        cache.record(taken(cache.decide(task(service="web"), LEASE)), CRITICAL, WEEK)
        other = task("event-2", service="worker")
        decision = cache.decide(other, LEASE)
        assert decision == {"decision": "notify", "lease": None, "outcome": CRITICAL}
        cache.note_told(other, CRITICAL, WEEK)
        assert cache.decide(task("event-3", service="worker"), LEASE)["decision"] == "skip"

    @pytest.mark.parametrize("outcome", [CLEAN, MEDIUM])
    def test_a_verdict_that_is_not_bad_is_told_to_nobody(
        self, cache: ScanCache, outcome: Outcome
    ) -> None:
        cache.record(taken(cache.decide(task(), LEASE)), outcome, WEEK)
        assert cache.decide(task("event-2", service="worker"), LEASE)["decision"] == "skip"

    def test_a_registration_is_not_told(self, cache: ScanCache) -> None:
        cache.record(taken(cache.decide(task(), LEASE)), CRITICAL, WEEK)
        registration = task("event-2", event_name="RegisterTaskDefinition", service="new")
        assert cache.decide(registration, LEASE)["decision"] == "skip"

    def test_a_result_that_was_not_renewed_is_believed_for_a_day(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        cache.record(taken(cache.decide(task(), LEASE)), Outcome(**CLEAN, fresh=False), WEEK)
        clock.now += 86_399
        assert cache.decide(task("event-2"), LEASE)["decision"] == "skip"
        clock.now += 1
        assert cache.decide(task("event-3"), LEASE)["decision"] == "scan"

    def test_an_image_known_by_its_tag_is_believed_for_an_hour(
        self, cache: ScanCache, clock: Clock
    ) -> None:
        cache.record(taken(cache.decide(task(of=tag_only()), LEASE)), CLEAN, WEEK)
        clock.now += 3599
        assert cache.decide(task("event-2", of=tag_only()), LEASE)["decision"] == "skip"
        clock.now += 1
        assert cache.decide(task("event-3", of=tag_only()), LEASE)["decision"] == "scan"

    def test_recording_gives_those_who_waited(self, cache: ScanCache) -> None:
        held = taken(cache.decide(task("event-1", service="web"), LEASE))
        cache.decide(task("event-2", service="worker"), LEASE)
        places = cache.record(held, CLEAN, WEEK)
        assert sorted(place["service"] for place in places.values()) == ["web", "worker"]
        assert all(place["containers"] == ["app"] for place in places.values())

    def test_a_freed_image_is_scanned_again(self, cache: ScanCache, table: CacheTable) -> None:
        held = taken(cache.decide(task(), LEASE))
        assert len(cache.free(held)) == 1
        assert table.get(DIGEST) is None
        assert cache.decide(task("event-2"), LEASE)["decision"] == "scan"

    @pytest.mark.parametrize("end", ["record", "free"])
    def test_who_no_longer_holds_the_lease_changes_nothing(
        self, cache: ScanCache, table: CacheTable, clock: Clock, end: str
    ) -> None:
        stale = taken(cache.decide(task(), LEASE))
        clock.now += LEASE
        current = taken(cache.decide(task("event-2"), LEASE))
        before = item(table)
        outcome = cache.record(stale, CLEAN, WEEK) if end == "record" else cache.free(stale)
        assert outcome == {}
        assert item(table) == before
        assert cache.places_of(stale) is None
        assert cache.places_of(current) == before["places"]

    def test_a_verdict_is_not_held_any_more(self, cache: ScanCache) -> None:
        held = taken(cache.decide(task(), LEASE))
        cache.record(held, CLEAN, WEEK)
        assert cache.places_of(held) is None
        assert cache.places_of(lease(key="nothing")) is None


class TestForce:
    """A scan asked for past a verdict."""

    def test_it_takes_the_place_of_a_verdict(self, cache: ScanCache, table: CacheTable) -> None:
        cache.record(taken(cache.decide(task(service="web"), LEASE)), CLEAN, WEEK)
        held = taken(cache.decide(forced("event-2"), LEASE))
        kept = item(table)
        assert (kept["status"], kept["owner"]) == ("IN_PROGRESS", held["owner"])
        assert "counts" not in kept

    def test_who_had_the_old_verdict_hears_of_the_new_one(self, cache: ScanCache) -> None:
        cache.record(taken(cache.decide(task(service="web"), LEASE)), CLEAN, WEEK)
        held = taken(cache.decide(forced("event-2", service="by-hand"), LEASE))
        places = cache.places_of(held) or {}
        assert sorted(place["service"] for place in places.values()) == ["by-hand", "web"]

    def test_a_running_scan_goes_on(self, cache: ScanCache, table: CacheTable) -> None:
        first = taken(cache.decide(task(), LEASE))
        assert cache.decide(forced("event-2"), LEASE)["decision"] == "skip"
        assert item(table)["owner"] == first["owner"]

    def test_the_same_request_again_is_one_scan(self, cache: ScanCache) -> None:
        held = taken(cache.decide(forced("event-2"), LEASE))
        assert taken(cache.decide(forced("event-2"), LEASE)) == held
        cache.record(held, CLEAN, WEEK)
        assert cache.decide(forced("event-2"), LEASE)["decision"] == "skip"

    def test_an_unknown_image_is_scanned_as_any(self, cache: ScanCache) -> None:
        assert cache.decide(forced("event-2"), LEASE)["decision"] == "scan"


def forced(event_id: str, **where: Any) -> ImageTask:
    return {**task(event_id, **where), "force": True}


class TestUnscannable:
    NGINX = image(key="nginx", uri="nginx", digest="", unscannable="not ECR")

    def test_it_is_told_and_then_known(
        self, cache: ScanCache, table: CacheTable, clock: Clock
    ) -> None:
        asked = task(of=self.NGINX)
        decision = cache.decide(asked, LEASE)
        assert decision["decision"] == "notify"
        assert decision["outcome"] == {"verdict": "UNSCANNABLE", "reason": "not ECR"}
        assert decision["lease"] is None
        cache.note_told(asked, decision["outcome"], WEEK)
        assert item(table, "nginx")["reason"] == "not ECR"
        assert cache.decide(task("event-2", of=self.NGINX), LEASE)["decision"] == "skip"
        clock.now += WEEK
        assert cache.decide(task("event-3", of=self.NGINX), LEASE)["decision"] == "notify"

    def test_a_registration_is_no_reason_to_tell(self, cache: ScanCache) -> None:
        """A pipeline may register before it pushes."""
        asked = task(of=self.NGINX, event_name="RegisterTaskDefinition")
        assert cache.decide(asked, LEASE)["decision"] == "skip"
        assert cache.decide(task("event-2", of=self.NGINX), LEASE)["decision"] == "notify"

    def test_it_is_scanned_as_soon_as_it_can_be(self, cache: ScanCache) -> None:
        untagged = task(of=image(unscannable="no tag"))
        cache.note_told(untagged, Outcome(verdict="UNSCANNABLE", reason="no tag"), WEEK)
        assert cache.decide(task("event-2"), LEASE)["decision"] == "scan"

    def test_noting_it_does_not_replace_a_lease(self, cache: ScanCache, table: CacheTable) -> None:
        cache.decide(task(), LEASE)
        untagged = task("event-2", of=image(unscannable="no tag"))
        cache.note_told(untagged, Outcome(verdict="UNSCANNABLE", reason="no tag"), WEEK)
        assert item(table)["status"] == "IN_PROGRESS"


def test_noting_a_verdict_that_has_moved_on_is_harmless(
    cache: ScanCache, table: CacheTable
) -> None:
    cache.decide(task(), LEASE)
    before = item(table)
    cache.note_told(task("event-2", service="worker"), CRITICAL, WEEK)
    assert item(table) == before


class Shifting:
    """A table where somebody else is always quicker."""

    def __init__(self) -> None:
        self.puts = 0

    def put(self, *_: Any, **__: Any) -> None:
        self.puts += 1
        raise ConditionFailedError({"status": "IN_PROGRESS", "owner": f"other-{self.puts}"})

    def update(self, *_: Any, **__: Any) -> None:
        raise ConditionFailedError({})


def test_an_image_that_changes_under_our_hands_is_tried_later() -> None:
    table = Shifting()
    with pytest.raises(AwsUnavailable):
        ScanCache(table).decide(task(), LEASE)  # type: ignore[arg-type]
    assert table.puts == 3


def test_a_place_is_a_workload_and_not_a_delivery() -> None:
    def place(**where: Any) -> str:
        return scan_cache.place_of(task(**where))[0]

    assert place(event_name="UpdateService") == place(event_name="CreateService")
    assert place(service="", task_definition="shop:8") == place(
        service="", task_definition="shop:7"
    )
    different = [place(), place(account="2"), place(region="r"), place(cluster="c"),
                 place(service="s"), place(service="")]  # fmt: skip
    assert len(set(different)) == len(different)


def test_what_is_bad() -> None:
    assert scan_cache.is_bad(CRITICAL)
    assert scan_cache.is_bad(Outcome(verdict="ERROR"))
    high = Outcome(verdict="FINDINGS", counts={"critical": 0, "high": 1, "medium": 0, "low": 0})
    assert scan_cache.is_bad(high)
    assert not scan_cache.is_bad(MEDIUM)
    assert not scan_cache.is_bad(CLEAN)
