"""Scans without a result that are repeated: which workloads know of the failure already."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import Outcome, Place

# Ids, digests and times make the words of one cause differ from scan to scan.
_VARYING = re.compile(r"[0-9a-fA-F-]{8,}")


def before(item: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the lease of a repeated scan keeps of the failure before it: its cause, and the
    deployments that were notified of it."""
    notified = {place: facts["event_id"] for place, facts in item["places"].items()}
    cause = _cause(item["status"], item.get("reason", ""))
    return {"failure": {"cause": cause, "notified": notified}}


def unaware(
    item: Mapping[str, Any], outcome: Outcome, places: Mapping[str, Place]
) -> dict[str, Place]:
    """Returns those of the places that were not notified of the same failure by the scan before."""
    failure = item.get("failure", {})
    same = failure.get("cause") == _cause(outcome["verdict"], outcome.get("reason", ""))
    notified = failure["notified"] if same else {}
    return {
        place: facts for place, facts in places.items() if notified.get(place) != facts["event_id"]
    }


def _cause(verdict: str, reason: str) -> str:
    return f"{verdict} {_VARYING.sub('#', reason)}"
