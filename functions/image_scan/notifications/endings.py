"""Names how a scan ended, and what follows from that. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from image_scan.cache.entries import FAILURES, outcome_of
from image_scan.contracts import Completed
from image_scan.events.execution_ended import DIED

if TYPE_CHECKING:
    from image_scan.results import Outcome

    Row = dict[str, Any]

# The image's own: trying again would give the same answer. What cannot be read is not among them.
_OWN = frozenset({"ScanFailed", "UnexpectedAnswer", "QualysRejected"})
# Ids, digests and times make the words of one cause differ from scan to scan.
_VARYING = re.compile(r"[0-9a-fA-F-]{8,}")


def recorded(entry: Row, outcome: Outcome) -> Outcome:
    """The outcome that was recorded, where this is not the first try to complete the scan."""
    same = entry["status"] == outcome["verdict"] and not outcome.get("error", "").startswith(DIED)
    if same:
        return outcome
    # A result has no error, whatever became of its execution after that.
    error = {"error": outcome.get("error", "")} if entry["status"] in FAILURES else {}
    return cast("Outcome", {**outcome_of(entry), **error})


def cause(outcome: Outcome) -> str:
    """Names a verdict without a result, by words that a scan with the same end has as well."""
    reason = outcome.get("reason", "")
    if outcome["verdict"] in FAILURES:
        return f"{outcome['verdict']} {_VARYING.sub('#', reason)}"
    return f"UNSCANNABLE {reason}" if outcome["verdict"] == "UNSCANNABLE" else ""


def knows(row: Row, cause: str, asked_by: str) -> bool:
    """Whether a workload was notified of the same, and nobody has deployed it since. `asked_by` is
    the account that has asked for the scan; empty if nobody has.

    To that account each end is news. To others all failures are the same: else it could have them
    notified as often as it asks."""
    known = row.get("notified_as", "")
    is_same = known == cause
    if asked_by:
        is_same |= all(each.partition(" ")[0] in FAILURES for each in (known, cause))
    is_news = row["account"] == asked_by
    return is_same and not is_news and row.get("notified_event") == row.get("event_id", "")


def is_queued(outcome: Outcome) -> bool:
    """Whether the state machine keeps the request of this scan, if it has not died itself."""
    error = outcome.get("error", "")
    return outcome["verdict"] == "ERROR" and error not in _OWN and not error.startswith(DIED)


def completed(outcome: Outcome, *, notified: bool, is_known: bool = False) -> Completed:
    """Says what became of a request. `is_known`: the scan before ended in the same way, and what
    it said holds."""
    return Completed(
        verdict=outcome["verdict"],
        notified=notified,
        queued=is_queued(outcome) and not is_known,
        error=outcome.get("error", ""),
        reason=outcome.get("reason", ""),
    )
