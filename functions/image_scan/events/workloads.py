"""Selects workloads and registered task definitions that wait for an image's verdict. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan.contracts import Workload
from image_scan.events.api_calls import REGISTERS, family
from image_scan.events.by_hand import is_by_hand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import Deployment, ScanInput


def workload_of(scan_input: ScanInput) -> tuple[str, Workload]:
    """Returns the workload of a deployment: its id, and the facts that a notification gives."""
    deployment = scan_input["deployment"]
    # A service may have the name of a family: ECS calls the group of such a task `family:…`.
    name = deployment["service"] or f"family:{family(deployment['task_definition'])}"
    parts = (deployment["account"], deployment["region"], deployment["cluster"], name)
    return "#".join(parts), Workload(**deployment, containers=scan_input["image"]["containers"])


def is_registered(deployment: Deployment) -> bool:
    """Checks whether a task definition was only registered, and nothing started."""
    return deployment["event_name"] == REGISTERS


def select_workloads(workloads: Mapping[str, Workload]) -> dict[str, Workload]:
    """Selects the workloads that run the image or will run it soon."""
    return {
        name: each
        for name, each in workloads.items()
        if not is_registered(each) and not is_by_hand(each)
    }


def select_registered(workloads: Mapping[str, Workload]) -> dict[str, Workload]:
    """Selects the registered task definitions that none of the workloads runs."""
    running = {_definition(each) for each in select_workloads(workloads).values()}
    return {
        name: each
        for name, each in workloads.items()
        if is_registered(each) and _definition(each) not in running
    }


def to_notify(workloads: Mapping[str, Workload]) -> dict[str, Workload]:
    """Leaves out registered task definitions that a workload runs: one notification is enough."""
    definitions = select_registered(workloads)
    return {
        name: each
        for name, each in workloads.items()
        if name in definitions or not is_registered(each)
    }


def _definition(workload: Workload) -> tuple[str, str, str]:
    return workload["account"], workload["region"], family(workload["task_definition"])
