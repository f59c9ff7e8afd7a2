"""What waits for a verdict: workloads, and task definitions that are registered and not running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from image_scan.events import by_hand, workloads
from image_scan.events.workloads import workload_of
from tests.support.builders import scan_input

if TYPE_CHECKING:
    from image_scan.contracts import Workload


def at(event_name: str, **where: Any) -> dict[str, Workload]:
    name, workload = workload_of(scan_input(event_name=event_name, **where))
    return {name: workload}


def registered(family: str = "shop", **where: Any) -> dict[str, Workload]:
    definition = f"arn:aws:ecs:us-east-1:123456789012:task-definition/{family}:7"
    no_service: Any = {"service": "", "cluster": "", "task_definition": definition}
    return at("RegisterTaskDefinition", **{**no_service, **where})


SERVICE = at("CreateService")  # of shop:7
TASK = at("RunTask", service="")
STARTED = at("ECS Task State Change")


@pytest.mark.parametrize("runs", [SERVICE, TASK, STARTED])
def test_a_task_definition_that_a_workload_runs_is_not_named_beside_it(
    runs: dict[str, Workload],
) -> None:
    waiting = {**registered(), **runs}
    assert workloads.select_workloads(waiting) == workloads.to_notify(waiting) == runs
    assert workloads.select_registered(waiting) == {}


@pytest.mark.parametrize(
    "another",
    [
        registered("other"), registered(account="999999999999"), registered(region="eu-west-1"),
    ],
)  # fmt: skip
def test_a_task_definition_that_nothing_runs_is_registered_and_no_workload(
    another: dict[str, Workload],
) -> None:
    waiting = {**another, **SERVICE}
    assert workloads.select_workloads(waiting) == SERVICE
    assert workloads.select_registered(waiting) == another
    assert workloads.to_notify(waiting) == waiting


def test_who_asks_by_hand_is_notified_and_runs_nothing() -> None:
    asked = at(by_hand.EVENT_NAME, service="", principal="operator")
    waiting = {**asked, **registered()}
    assert workloads.select_workloads(waiting) == {}
    assert workloads.select_registered(waiting) == registered()
    assert workloads.to_notify(waiting) == waiting
