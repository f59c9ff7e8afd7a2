"""Collects the facts of a scan that notifications and result events both have."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from image_scan.events import by_hand
from image_scan.fair import in_turn
from image_scan.notifications.links import links

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import CompletionInput, Workload
    from image_scan.results import Outcome

MOST_WORKLOADS = 100
# Bytes of a list; SNS and EventBridge take 256 KiB, and names in ECS can be long.
_ROOM, ROOM_REGISTERED = 120_000, 30_000
_IMAGE = ("uri", "digest", "platform", "repository", "tag", "account_id", "region")
_RESULT = ("counts", "potential", "fixable", "exempted", "fresh", "config_digest")
_DETECTED = ("examined", "malware", "secrets", "detections")


def of(scan_input: CompletionInput, outcome: Outcome, qualys_platform_url: str) -> dict[str, Any]:
    """Returns `verdict`, `reason`, `image` and `links`, and the fields of a result if any."""
    image = scan_input["image"]
    content: dict[str, Any] = {
        "verdict": outcome["verdict"],
        "reason": reason(outcome),
        "image": {name: image.get(name, "") for name in _IMAGE},
        **{name: outcome[name] for name in (*_RESULT, *_DETECTED) if name in outcome},  # type: ignore[literal-required]
    }
    if scanned_at := outcome.get("scanned_at"):
        content["scanned_at"] = datetime.fromtimestamp(scanned_at / 1000, UTC).isoformat()
    if assessed_at := outcome.get("assessed_at"):
        content["assessed_at"] = datetime.fromtimestamp(assessed_at / 1000, UTC).isoformat()
    return {**content, "links": links(scan_input, outcome, qualys_platform_url)}


def requests(workloads: Mapping[str, Workload]) -> dict[str, list[str]]:
    """Returns `requested_by` if the scan was requested by hand, else nothing."""
    asked = by_hand.requested_by(workloads)
    return {"requested_by": asked} if asked else {}


def shown(workloads: list[dict[str, Any]], room: int = _ROOM) -> list[dict[str, Any]]:
    """Returns as many workloads as fit into a message, in the order of turns of their accounts."""
    turns = in_turn((str(at), each["account"]) for at, each in enumerate(workloads))
    chosen = [int(at) for at in turns[:MOST_WORKLOADS]]
    while len(json.dumps(json.dumps([workloads[at] for at in chosen]))) > room:
        chosen = chosen[: len(chosen) // 2]
    return [workloads[at] for at in chosen]


def reason(outcome: Outcome) -> str:
    """Returns why there is no result: the given reason, else the error of a state machine."""
    if outcome.get("reason") or "error" not in outcome:
        return outcome.get("reason", "")
    words = f"{outcome['error']}: {error_message(outcome.get('cause') or '')[:500]}".rstrip(": ")
    return words.encode("utf-8", "replace").decode()


def error_message(cause: str) -> str:
    """Returns the message of a function's error, from the cause that Step Functions gives."""
    try:
        found = json.loads(cause)
    except (ValueError, RecursionError):
        return cause
    return str(found.get("errorMessage") or "") if isinstance(found, dict) else cause
