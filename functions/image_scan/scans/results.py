"""The verdict of a completed scan.

Qualys counts the vulnerabilities of an image up to three times besides the list itself: in the
image's record, in the summary beside the list, and by a count of its own. A verdict needs the list
to show all that any of them counts; what exceptions of the subscription hide is explained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from image_scan.errors import ScanError, ScanFailed, UnexpectedAnswer
from image_scan.findings import fixes, summary
from image_scan.findings.entries import identity, kind_of
from image_scan.qualys.models import is_severe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from image_scan.contracts import Image, Status
    from image_scan.qualys.client import QualysClient
    from image_scan.qualys.models import Vulnerabilities
    from image_scan.results import Outcome

    Entries = Sequence[Mapping[str, Any]]


def fetch(image: Image, status: Status, qualys: QualysClient, *, alarming: bool = False) -> Outcome:
    """Raises UnexpectedAnswer where Qualys counts more for the image than it lists: neither a
    CLEAN nor a smaller count may come of that. And ScanFailed rather than call clean what is in
    doubt. `alarming`: people are notified of the image in any case, and the reason says so
    instead."""
    sha, reported = status["sha"], status["reported"]
    found = qualys.vulnerabilities(sha, apply_exceptions=True, expected=reported)
    outcome = summary.summarise(found.entries, fixes.unpack(status.get("fixes", "")))
    remarks = _remarks(image, status)
    try:
        hidden, apart = _checked(found, status, qualys)
        outcome["exempted"] += hidden
        remarks += apart
    except UnexpectedAnswer as error:
        if not alarming:
            raise
        remarks.append(f"its vulnerabilities are not all listed: {error}")
    if outcome["verdict"] == "CLEAN" and not alarming and (doubt := status.get("doubt")):
        raise ScanFailed(doubt)
    outcome["reason"] = "; ".join(remarks)
    outcome["scanned_at"] = status["scanned_at"]
    outcome["fresh"] = status["fresh"]
    outcome["config_digest"] = f"sha256:{sha}"
    return outcome


def _checked(found: Vulnerabilities, status: Status, qualys: QualysClient) -> tuple[int, list[str]]:
    """How many findings exceptions hide, and what is to be said of counts that are far apart."""
    reported = status["reported"]
    hidden = _hidden(status, found, qualys) if _missing(found.entries, found, status) else []
    listed = len(found.entries) + len(hidden)
    # Whether potential vulnerabilities are in Qualys' counts is not documented.
    confirmed = len([each for each in found.entries if kind_of(each) == "confirmed"])
    if not (_far_apart(listed, reported) and _far_apart(confirmed, reported)):
        return len(hidden), []
    counted = _count(status["sha"], qualys)
    if counted is not None and counted > listed:
        _refuse(f"counts {counted} vulnerabilities and lists {listed}", found)
    own = "nothing" if counted is None else counted
    said = f"its record of the image says {reported} and its own count {own}"
    return len(hidden), [f"Qualys lists {listed} vulnerabilities, but {said}"]


def _missing(entries: Entries, found: Vulnerabilities, status: Status) -> str:
    """What Qualys counts more of than these entries are; empty where they are all of it."""
    if more := _missing_in_summary(entries, found):
        return more
    listed, severe = len(entries), len([each for each in entries if is_severe(each)])
    if listed < status["reported"]:
        return f"counts {status['reported']} vulnerabilities and lists {listed}"
    if severe < status["severe"]:
        return f"counts {status['severe']} of severity 4 and 5 and lists {severe}"
    return ""


def _missing_in_summary(entries: Entries, found: Vulnerabilities) -> str:
    """Exempted entries may be among those that the summary counts as confirmed."""
    explained = [each for each in entries if kind_of(each) in ("confirmed", "exempted")]
    if found.confirmed <= len(explained) and found.confirmed + found.potential <= len(entries):
        return ""
    stated = f"{found.confirmed} confirmed and {found.potential} potential"
    return f"counts {stated} vulnerabilities and lists {len(entries)}"


def _hidden(status: Status, found: Vulnerabilities, qualys: QualysClient) -> Entries:
    """The entries that exceptions of the subscription hide, where they are all that is missing."""
    sha, reported = status["sha"], status["reported"]
    everything = qualys.vulnerabilities(sha, apply_exceptions=False, expected=reported)
    shown = {identity(each) for each in found.entries}
    hidden = [each for each in everything.entries if identity(each) not in shown]
    if missing := _missing([*found.entries, *hidden], found, status):
        _refuse(missing, found)
    # Entries that are not marked as exempted need the summary to vouch that exceptions hide them.
    unmarked = [each for each in hidden if kind_of(each) in ("confirmed", "potential")]
    vouched = found.summarised and not _missing_in_summary(found.entries, found)
    if unmarked and not vouched:
        _refuse(_missing(found.entries, found, status), found)
    return hidden


def _refuse(missing: str, found: Vulnerabilities) -> NoReturn:
    """Says what is known all the same: nobody else is notified of what is listed."""
    counts = summary.summarise(found.entries)["counts"]
    known = " and ".join(f"{number} {level}" for level, number in counts.items() if number)
    known = f"; confirmed of those listed: {known}" if known else ""
    raise UnexpectedAnswer(f"Qualys {missing}{known}")


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
        remarks.append("identified by its tag only, since ECR did not give its digest")
    return remarks
