"""Reads `Image Scan Requested`, the installation's own request to scan one image. Pure.

It repeats a deployment that was seen before, or an operator or a deployment gate has made it. So
somebody waits for the verdict, and it is scanned even if its workload is out of scope.
"""

from collections.abc import Mapping
from typing import Any

from image_scan.errors import MalformedEvent
from image_scan.events.api_calls import EcsEvent, deployment_of
from image_scan.events.fields import mapping, text

SCAN_REQUEST = "Image Scan Requested"


def parse(event: Mapping[str, Any]) -> EcsEvent:
    """Reads a request. Raises MalformedEvent if it names no image."""
    detail = mapping(event.get("detail"))
    image = text(detail, "image")
    if not image:
        raise MalformedEvent("the scan request names no image")
    stated = mapping(detail.get("deployment"))
    deployment = deployment_of(event)
    deployment.update({key: text(stated, key) for key in deployment if key in stated})  # type: ignore[typeddict-item]
    listed = detail.get("containers")
    names = [each for each in (listed if isinstance(listed, list) else []) if isinstance(each, str)]
    containers = tuple((name, image) for name in names or [""])
    return EcsEvent(
        deployment,
        containers=containers,
        force=detail.get("force") is True,
        wanted=True,
    )
