"""Recognises scans that an operator requests. Pure.

Such a request is stored with the workloads of an image, so that messages can name who asked. It is
not a workload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import Deployment, Workload

EVENT_NAME = "ScanRequest"
# The only container of the task definition that `make smoke` registers.
SMOKE_CONTAINER = "image-scan-smoke"


def is_by_hand(deployment: Deployment) -> bool:
    return deployment["event_name"] == EVENT_NAME


def requested_by(workloads: Mapping[str, Workload]) -> list[str]:
    """Names who asked by hand: principals, sorted."""
    return sorted({each["principal"] for each in workloads.values() if is_by_hand(each)})
