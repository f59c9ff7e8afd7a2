"""The verdict of a completed scan.

Qualys tells how many vulnerabilities an image has in up to three places besides the list itself: in
the image's record, in the summary beside the list, and by a count of its own. A verdict that nobody
would be told of needs all that were read to agree; else the result says when they are far apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan.errors import ScanError, ScanFailed, UnexpectedAnswer
from image_scan.findings import fixes, summary
from image_scan.qualys.models import is_severe

if TYPE_CHECKING:
    from image_scan.payloads import Image, Outcome, Status
    from image_scan.qualys.client import QualysClient
    from image_scan.qualys.models import Vulnerabilities


def fetch(image: Image, status: Status, qualys: QualysClient, *, alarming: bool = False) -> Outcome:
    """Raises UnexpectedAnswer rather than be silent on an image that Qualys counts more for, and
    ScanFailed rather than call clean what is in doubt. `alarming`: nobody is silent on it whatever
    its vulnerabilities are."""
    sha, reported = status["sha"], status["reported"]
    found = qualys.vulnerabilities(sha, apply_exceptions=True, expected=reported)
    outcome = summary.summarise(found.entries, fixes.unpack(status.get("fixes", "")))
    listed, confirmed = len(found.entries), sum(_counts(outcome))
    # Nothing critical or high: nobody would be told.
    quiet = not alarming and not any(_counts(outcome)[:2])
    if quiet:
        _check_summary(found, confirmed + outcome["exempted"])
        if listed < reported or _severe(found) < status["severe"]:
            hidden = _hidden(status, found, confirmed, qualys)
            outcome["exempted"] += hidden
            listed += hidden
    remarks = _remarks(image, status)
    # Whether potential vulnerabilities are in Qualys' counts is not documented.
    if _far_apart(listed, reported) and _far_apart(confirmed, reported):
        counted = _count(sha, qualys)
        if quiet and counted is not None and counted > listed:
            raise UnexpectedAnswer(f"Qualys counts {counted} vulnerabilities and lists {listed}")
        remarks.append(
            f"Qualys lists {listed} vulnerabilities, but its record of the image says {reported}"
            f" and its own count {'nothing' if counted is None else counted}"
        )
    if outcome["verdict"] == "CLEAN" and not alarming and (doubt := status.get("doubt")):
        raise ScanFailed(doubt)
    outcome["reason"] = "; ".join(remarks)
    outcome["scanned_at"] = status["scanned_at"]
    outcome["fresh"] = status["fresh"]
    outcome["config_digest"] = f"sha256:{sha}"
    return outcome


def _counts(outcome: Outcome) -> list[int]:
    """Confirmed findings from critical to low."""
    counts = outcome["counts"]
    return [counts["critical"], counts["high"], counts["medium"], counts["low"]]


def _check_summary(found: Vulnerabilities, explained: int) -> None:
    """The summary beside the list must not know of more than the list shows."""
    listed = len(found.entries)
    if found.confirmed > explained or found.confirmed + found.potential > listed:
        told = f"{found.confirmed} confirmed and {found.potential} potential"
        raise UnexpectedAnswer(f"Qualys counts {told} vulnerabilities and lists {listed}")


def _severe(found: Vulnerabilities) -> int:
    return len([each for each in found.entries if is_severe(each)])


def _hidden(status: Status, found: Vulnerabilities, confirmed: int, qualys: QualysClient) -> int:
    """How many entries exceptions of the subscription hide, when they explain what is missing."""
    sha, reported = status["sha"], status["reported"]
    everything = qualys.vulnerabilities(sha, apply_exceptions=False, expected=reported)
    listed = len(everything.entries)
    if _severe(everything) < status["severe"]:
        raise UnexpectedAnswer(f"Qualys counts {status['severe']} of severity 4 and 5, lists fewer")
    unmarked = sum(_counts(summary.summarise(everything.entries))) - confirmed
    # Entries that are not marked as exempted need the summary to vouch that exceptions hide them.
    if listed < reported or (unmarked > 0 and not found.summarised):
        raise UnexpectedAnswer(f"Qualys counts {reported} vulnerabilities and lists {listed}")
    return listed - len(found.entries)


def _far_apart(one: int, other: int) -> bool:
    return max(one, other) >= 10 * max(min(one, other), 1)


def _count(sha: str, qualys: QualysClient) -> int | None:
    try:
        return qualys.vulnerability_count(sha)
    except ScanError:
        return None


def _remarks(image: Image, status: Status) -> list[str]:
    remarks = [doubt] if (doubt := status.get("doubt")) else []
    if not status["fresh"]:
        remarks.append("Qualys did not scan again; this is its last result for the same image")
    if not image["digest"]:
        remarks.append("identified by its tag only, since ECR did not tell its digest")
    return remarks
