"""The facts of a scan that people and machines get alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from image_scan.events import by_hand
from image_scan.notifications.links import links

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import CompletionInput, Workload
    from image_scan.results import Outcome

_MOST_WORKLOADS = 100
# Bytes of a list; SNS and EventBridge take 256 KiB, and names in ECS can be long.
_ROOM, ROOM_REGISTERED = 120_000, 30_000
_IMAGE = ("uri", "digest", "platform", "repository", "tag", "account_id", "region")
_RESULT = ("counts", "potential", "fixable", "exempted", "fresh", "config_digest")
_DETECTED = ("examined", "malware", "secrets", "detections")


def of(scan_input: CompletionInput, outcome: Outcome, qualys_platform_url: str) -> dict[str, Any]:
    """`verdict`, `reason`, `image` and `links`, and what the result says where there is one."""
    image = scan_input["image"]
    content: dict[str, Any] = {
        "verdict": outcome["verdict"],
        "reason": reason(outcome),
        "image": {name: image.get(name, "") for name in _IMAGE},
        **{name: outcome[name] for name in (*_RESULT, *_DETECTED) if name in outcome},  # type: ignore[literal-required]
    }
    if scanned_at := outcome.get("scanned_at"):
        content["scanned_at"] = datetime.fromtimestamp(scanned_at / 1000, UTC).isoformat()
    return {**content, "links": links(scan_input, outcome, qualys_platform_url)}


def requests(workloads: Mapping[str, Workload]) -> dict[str, list[str]]:
    """`requested_by` where the scan was asked for by hand; nothing else."""
    asked = by_hand.requested_by(workloads)
    return {"requested_by": asked} if asked else {}


def shown(workloads: list[dict[str, Any]], room: int = _ROOM) -> list[dict[str, Any]]:
    """As many of them as a message has room for."""
    workloads = workloads[:_MOST_WORKLOADS]
    while len(json.dumps(json.dumps(workloads))) > room:
        workloads = workloads[: len(workloads) // 2]
    return workloads


def reason(outcome: Outcome) -> str:
    """Why there is no result, from the error that a state machine caught where there was one."""
    if outcome.get("reason") or "error" not in outcome:
        return outcome.get("reason", "")
    words = f"{outcome['error']}: {error_message(outcome.get('cause') or '')[:500]}".rstrip(": ")
    return words.encode("utf-8", "replace").decode()


def error_message(cause: str) -> str:
    """What a function said when it failed, from the cause that Step Functions gives."""
    try:
        found = json.loads(cause)
    except (ValueError, RecursionError):
        return cause
    return str(found.get("errorMessage") or "") if isinstance(found, dict) else cause
