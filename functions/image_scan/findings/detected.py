"""Malware and secrets that workloads are notified of, as a short text for their rows. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from image_scan.findings import detections, encoding
from image_scan.results import Counts

if TYPE_CHECKING:
    from collections.abc import Collection

    from image_scan.results import Detection, Outcome


def packed(outcome: Outcome, levels: Collection[str]) -> str:
    """Returns what calls for a notification: malware, and secrets of these levels; empty if there
    is none. Names are others' and long: it has their digests."""
    counted = [_of(outcome.get("malware"), detections.LEVELS), _of(outcome.get("secrets"), levels)]
    if not any(map(detections.total, counted)):
        return ""
    named = {
        _digest(each)
        for each in outcome.get("detections", [])
        if each["kind"] == "malware" or each["severity"] in levels
    }
    return encoding.compressed([*counted, sorted(named)])


def covers(before: str, now: str) -> bool:
    """Whether who was notified of what was detected before knows all that is now. Both are what
    `packed` returns; what cannot be read covers nothing."""
    try:
        *known, names = encoding.expanded(before)
        *counted, named = encoding.expanded(now)
        more = map(detections.exceeds, counted, known)
        return len(known) == len(counted) and not any(more) and {*named} <= {*names}
    except (ValueError, TypeError, KeyError):
        return False


def _of(counts: Counts | None, levels: Collection[str]) -> Counts:
    found = Counts(critical=0, high=0, medium=0, low=0)
    for level in detections.LEVELS:
        if counts and level in levels:
            found[level] = counts[level]
    return found


def _digest(detection: Detection) -> str:
    return hashlib.sha256(json.dumps(detection, sort_keys=True).encode()).hexdigest()[:16]
