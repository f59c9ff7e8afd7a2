"""The workloads and registered task definitions that wait for the verdict of an image. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan.contracts import Place
from image_scan.events.api_calls import REGISTERS, family
from image_scan.events.by_hand import is_by_hand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import Deployment, ImageTask


def place_of(task: ImageTask) -> tuple[str, Place]:
    """Where a deployment runs an image: its id, and the facts that a notification gives."""
    deployment = task["deployment"]
    workload = deployment["service"] or family(deployment["task_definition"])
    place = (deployment["account"], deployment["region"], deployment["cluster"], workload)
    return "#".join(place), Place(**deployment, containers=task["image"]["containers"])


def is_registered(deployment: Deployment) -> bool:
    """Whether it is a task definition that was registered, which alone runs nowhere."""
    return deployment["event_name"] == REGISTERS


def deployed(places: Mapping[str, Place]) -> dict[str, Place]:
    """Selects the workloads: what runs the image, or is about to."""
    return {
        name: each
        for name, each in places.items()
        if not is_registered(each) and not is_by_hand(each)
    }


def registered(places: Mapping[str, Place]) -> dict[str, Place]:
    """Selects the registered task definitions that none of the workloads runs."""
    running = {_definition(each) for each in deployed(places).values()}
    return {
        name: each
        for name, each in places.items()
        if is_registered(each) and _definition(each) not in running
    }


def to_notify(places: Mapping[str, Place]) -> dict[str, Place]:
    """Leaves out the task definitions whose workload is there as well: one of the two is enough."""
    kept = registered(places)
    return {name: each for name, each in places.items() if name in kept or not is_registered(each)}


def _definition(place: Place) -> tuple[str, str, str]:
    return place["account"], place["region"], family(place["task_definition"])
