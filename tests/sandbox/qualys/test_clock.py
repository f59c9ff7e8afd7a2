"""A clock that runs: jobs end by themselves, and faster at a higher speed."""

import time

import pytest

from sandbox.qualys import Clock, QualysSimulator
from tests.sandbox.qualys.caller import Caller, single
from tests.sandbox.qualys.conftest import CREDENTIALS


def test_stamps_stay_wall_time_at_any_speed() -> None:
    clock = Clock(speed=1000)
    assert abs(clock.now() - time.time()) < 1
    assert clock.lasting(500) == 0.5


def test_a_frozen_clock_moves_by_hand_alone() -> None:
    clock = Clock(frozen=True)
    before = clock.now()
    assert clock.now() == before
    clock.advance(-5)
    assert clock.now() == before - 5


def test_a_clock_cannot_stand_still_by_speed() -> None:
    with pytest.raises(ValueError, match="positive"):
        Clock(speed=0)


def test_jobs_end_by_themselves_in_scaled_time() -> None:
    stated = {"scan_seconds": 300.0, "queue_seconds": 60.0, "listing_seconds": 60.0}
    with QualysSimulator(CREDENTIALS, clock=Clock(speed=5000), scenario=stated) as simulator:
        caller = Caller(simulator)
        caller.push("team/app", "1.0", single())
        registry = caller.registry()
        started = time.time()
        schedule = caller.schedule(registry)
        while caller.job(registry, schedule)["status"] in ("Queued", "Running"):
            assert time.time() - started < 5
            time.sleep(0.01)
        scanned = int(caller.get(f"/images/{'a' * 64}").json()["lastVmScanDate"])
        assert started <= scanned / 1000 + 0.002 <= time.time() + 0.002
