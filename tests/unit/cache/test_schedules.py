"""Verdicts are judged again as a workload starts that had stopped, such as a scheduled task."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.builders import CRITICAL, scan_input, taken

if TYPE_CHECKING:
    from image_scan.contracts import CacheDecision
    from tests.support.core import Core
    from tests.support.doubles import Clock


class Tasks:
    def __init__(self, core: Core, clock: Clock) -> None:
        self.core, self.clock, self._events = core, clock, 0

    def is_in_state(self, service: str, arn: str, **state: bool) -> CacheDecision:
        self._events += 1
        self.clock.now += 600
        at = datetime.fromtimestamp(self.clock.now, UTC).isoformat()
        event: Any = {"event_name": "ECS Task State Change", "principal": "", "event_time": at}
        asked = scan_input(f"event-{self._events}", service=service, **event)
        task: Any = {"arn": arn, "stopped": False, **state}
        return self.core.handle({**asked, "task": task})

    def runs(self, service: str, arn: str) -> None:
        self.is_in_state(service, arn)
        self.is_in_state(service, arn, stopped=True)


@pytest.mark.parametrize("other", ["a service that runs", "another schedule"])
def test_each_schedule_is_judged_again_beside_what_runs_the_same_image(
    core: Core, clock: Clock, other: str
) -> None:
    tasks = Tasks(core, clock)
    begun = tasks.is_in_state("web", "web-1")
    tasks.is_in_state("nightly", "nightly-0")
    core.end(taken(begun), CRITICAL, scan_input(service="web"))
    tasks.is_in_state("nightly", "nightly-0", stopped=True)
    if other == "another schedule":
        tasks.is_in_state("web", "web-1", stopped=True)
    core.sent.calls.clear()
    for day in range(1, 3):
        clock.now += 80_000
        if other == "another schedule":
            tasks.runs("web", f"web-{day}0")
        else:
            tasks.is_in_state("web", "web-1", reconciled=True)
        tasks.runs("nightly", f"nightly-{day}")
        tasks.runs("nightly", f"nightly-{day}-again")
    judged = [services for services in core.sent.services() if "nightly" in services]
    assert len(judged) == 2, "once a day"
