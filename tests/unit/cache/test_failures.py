"""What ended without a result: who scans it again, and who is notified of it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.contracts import Outcome, ScanInput, TaskState
from tests.support.builders import CLEAN, DIGEST, LEASE, freed, recorded, scan_input, taken

if TYPE_CHECKING:
    from image_scan.cache.leases import ScanCache
    from image_scan.cache.table import CacheTable
    from tests.support.doubles import Clock

DAY = 86_400
FAILED = Outcome(verdict="ERROR", reason="ScanFailed: no space")


def found(at: float, number: int = 1, **where: Any) -> ScanInput:
    """A task that a reconciliation at that time has found running."""
    where = {"event_name": "ECS Task State Change", "principal": "", **where}
    where["event_time"] = datetime.fromtimestamp(int(at), UTC).isoformat()
    state = TaskState(arn=f"task/{number}", stopped=False, reconciled=True)
    return {**scan_input(f"found-{number}-{int(at)}", **where), "task": state}


@pytest.fixture
def failing(cache: ScanCache, clock: Clock) -> None:
    """An image of two services whose scan has failed, a day ago."""
    held = taken(cache.decide(scan_input("event-1"), LEASE))
    cache.decide(scan_input("event-2", service="worker"), LEASE)
    assert len(freed(cache, held, FAILED)) == 2
    clock.now += DAY


@pytest.mark.usefixtures("failing")
def test_what_failed_is_scanned_again_once_a_reconciliation(cache: ScanCache, clock: Clock) -> None:
    at = clock.now
    clock.now += 5
    first = taken(cache.decide(found(at), LEASE))
    assert cache.decide(found(at, 2, service="worker"), LEASE)["decision"] == "skip"
    freed(cache, first, FAILED)
    others = [found(at, 2, service="worker"), found(at, 3)]
    assert [cache.decide(each, LEASE)["decision"] for each in others] == ["skip", "skip"]


@pytest.mark.usefixtures("failing")
def test_the_next_reconciliation_scans_it_again(cache: ScanCache, clock: Clock) -> None:
    freed(cache, taken(cache.decide(found(clock.now + 1), LEASE)), FAILED)
    clock.now += DAY
    assert cache.decide(found(clock.now), LEASE)["decision"] == "scan"


@pytest.mark.usefixtures("failing")
def test_a_repeated_scan_keeps_the_workloads_as_they_deployed(
    cache: ScanCache, clock: Clock
) -> None:
    held = taken(cache.decide(found(clock.now), LEASE))
    workloads = cache.workloads_of(held) or {}
    assert [workload["event_id"] for workload in workloads.values()] == ["event-1", "event-2"]
    assert all(workload["principal"].endswith("/deployer") for workload in workloads.values())


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(
    ("ends", "services"),
    [
        (FAILED, []),
        (Outcome(verdict="ERROR", reason="ScanFailed: no rights"), ["web", "worker"]),
        (Outcome(verdict="TIMEOUT", reason="ScanFailed: no space"), ["web", "worker"]),
        (CLEAN, ["web", "worker"]),
    ],
)
def test_workloads_are_notified_again_when_it_ends_in_another_way(
    cache: ScanCache, clock: Clock, ends: Outcome, services: list[str]
) -> None:
    held = taken(cache.decide(found(clock.now), LEASE))
    stated = cache.unaware(held, ends, cache.workloads_of(held) or {})
    assert sorted(workload["service"] for workload in stated.values()) == services


@pytest.mark.parametrize("number", ["f677b189-8b54-46ba-9d24-624b7e98767d", "1770000000000"])
def test_an_id_in_the_reason_is_no_other_cause(cache: ScanCache, clock: Clock, number: str) -> None:
    before = Outcome(verdict="ERROR", reason="QualysUnavailable: GET /schedule/0123456789ab")
    freed(cache, taken(cache.decide(scan_input("event-1"), LEASE)), before)
    clock.now += DAY
    held = taken(cache.decide(found(clock.now), LEASE))
    now = Outcome(verdict="ERROR", reason=f"QualysUnavailable: GET /schedule/{number}")
    assert cache.unaware(held, now, cache.workloads_of(held) or {}) == {}


@pytest.mark.usefixtures("failing")
def test_who_deploys_it_again_meanwhile_is_notified(cache: ScanCache, clock: Clock) -> None:
    held = taken(cache.decide(found(clock.now), LEASE))
    cache.decide(scan_input("event-9", service="worker"), LEASE)
    cache.decide(scan_input("event-10", service="other"), LEASE)
    stated = cache.unaware(held, FAILED, cache.workloads_of(held) or {})
    assert sorted(workload["service"] for workload in stated.values()) == ["other", "worker"]


@pytest.mark.usefixtures("failing")
def test_a_deployment_of_what_failed_is_notified_to_all(cache: ScanCache) -> None:
    held = taken(cache.decide(scan_input("event-9"), LEASE))
    assert len(cache.unaware(held, FAILED, cache.workloads_of(held) or {})) == 2


@pytest.mark.parametrize("outcome", [CLEAN, FAILED])
def test_a_reconciliation_scans_nothing_that_has_a_verdict_or_is_new(
    cache: ScanCache, table: CacheTable, clock: Clock, outcome: Outcome
) -> None:
    """A verdict is left alone; an image that nobody knows is scanned as any."""
    held = taken(cache.decide(found(clock.now), LEASE))
    assert "failure" not in (table.get(DIGEST) or {})
    assert len(cache.unaware(held, outcome, cache.workloads_of(held) or {})) == 1
    recorded(cache, held, CLEAN)
    clock.now += DAY
    assert cache.decide(found(clock.now), LEASE)["decision"] == "skip"
