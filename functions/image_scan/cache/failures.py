"""Scans without a result that are repeated: which workloads know of the failure already."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import Outcome, Workload

# Ids, digests and times make the words of one cause differ from scan to scan.
_VARYING = re.compile(r"[0-9a-fA-F-]{8,}")


def before(item: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the lease of a repeated scan keeps of the failure before it: its cause, and the
    deployments that were notified of it."""
    notified = {workload: facts["event_id"] for workload, facts in item["workloads"].items()}
    cause = _cause(item["status"], item.get("reason", ""))
    return {"failure": {"cause": cause, "notified": notified}}


def unaware(
    item: Mapping[str, Any], outcome: Outcome, workloads: Mapping[str, Workload]
) -> dict[str, Workload]:
    """Returns those of the workloads that were not notified of the same failure by the scan
    before."""
    failure = item.get("failure", {})
    same = failure.get("cause") == _cause(outcome["verdict"], outcome.get("reason", ""))
    notified = failure["notified"] if same else {}
    return {
        workload: facts
        for workload, facts in workloads.items()
        if notified.get(workload) != facts["event_id"]
    }


def _cause(verdict: str, reason: str) -> str:
    return f"{verdict} {_VARYING.sub('#', reason)}"
