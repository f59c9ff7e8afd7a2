"""Finds the platform that a task runs on: `os/architecture`, as in an image index. Pure.

A task definition states it; the default is Linux on X86_64:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html
Every task on Fargate has the attribute `ecs.cpu-architecture`, except those from before Fargate had
ARM64. An event may lack the operating system. Then Fargate's platform version 1.0.0 means Windows,
because since 2022 Linux has only 1.3.0 and 1.4.0.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-windows-fargate.html
"""

from collections.abc import Mapping
from typing import Any

from image_scan.ecr.identity import PLATFORMS
from image_scan.events.api_calls import express_configuration
from image_scan.events.fields import Part, mapping, text

_WINDOWS_ON_FARGATE = "1.0.0"
_ARCHITECTURES = {"": "amd64", "x86_64": "amd64", "arm64": "arm64"}


def of_event(event: Any) -> str | None:
    """Returns the platform of an event's tasks. None if the event states none, and empty for a
    platform that is not in `PLATFORMS`."""
    detail = mapping(mapping(event).get("detail"))
    if "lastStatus" in detail:
        return of_task(detail)
    if detail.get("platform") in PLATFORMS:  # of a scan request
        return text(detail, "platform")
    request, response = (
        mapping(detail.get(part)) for part in ("requestParameters", "responseElements")
    )
    tasks = response.get("tasks")
    if isinstance(tasks, list) and tasks:
        return of_task(mapping(tasks[0]))
    # Express Mode runs on Linux. An update may not state the architecture: its response does.
    stated = text(request, "cpuArchitecture") or text(
        express_configuration(response), "cpuArchitecture"
    )
    if stated:
        return _platform("LINUX", stated)
    definition = mapping(response.get("taskDefinition")) or request
    if "containerDefinitions" in definition or "runtimePlatform" in definition:
        return of_definition(definition)
    return None


def of_task(task: Part) -> str | None:
    listed = task.get("attributes")
    stated = [mapping(each) for each in (listed if isinstance(listed, list) else [])]
    attributes = {text(each, "name"): text(each, "value") for each in stated}
    architecture = attributes.get("ecs.cpu-architecture", "")
    system = text(task, "platformFamily") or attributes.get("ecs.os-type", "")
    if not system and text(task, "platformVersion") == _WINDOWS_ON_FARGATE:
        system = "windows"
    return _platform(system, architecture) if system or architecture else None


def of_definition(definition: Mapping[str, Any]) -> str:
    stated = mapping(definition.get("runtimePlatform"))
    return _platform(text(stated, "operatingSystemFamily"), text(stated, "cpuArchitecture"))


def _platform(system: str, architecture: str) -> str:
    os = "windows" if system.lower().startswith("windows") else "linux"
    known = f"{os}/{_ARCHITECTURES.get(architecture.lower(), '')}"
    return known if known in PLATFORMS else ""
