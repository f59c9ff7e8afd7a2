"""Scans that an operator asks for. Such a request is recorded beside the workloads of an image, so
that messages can name who asked, but it is no workload itself. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import Deployment, Workload

EVENT_NAME = "ScanRequest"


def is_by_hand(deployment: Deployment) -> bool:
    return deployment["event_name"] == EVENT_NAME


def requested_by(workloads: Mapping[str, Workload]) -> list[str]:
    """Names who asked by hand: principals, sorted."""
    return sorted({each["principal"] for each in workloads.values() if is_by_hand(each)})
