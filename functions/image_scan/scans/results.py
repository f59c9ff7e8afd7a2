"""Reads the vulnerabilities of a completed scan and makes the verdict.

Besides the list itself, Qualys counts the vulnerabilities of an image up to three times: in the
image's record, in the summary beside the list, and in a separate count. The list must have as many
as each of them. Only exceptions of the subscription may explain a difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from image_scan.errors import ScanError, ScanFailed, UnexpectedAnswer
from image_scan.findings import fixes, summary
from image_scan.findings.entries import identity, is_severe, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from image_scan.contracts import Image, Status
    from image_scan.qualys.client import QualysClient
    from image_scan.qualys.models import Vulnerabilities
    from image_scan.results import Outcome

    Entries = Sequence[Mapping[str, Any]]


def fetch(image: Image, status: Status, qualys: QualysClient, *, alarming: bool = False) -> Outcome:
    """Returns the outcome of a scan.

    Raises UnexpectedAnswer if Qualys counts more than it lists: the verdict must not be CLEAN or
    too low. Raises ScanFailed instead of a CLEAN that is in doubt. `alarming`: people are notified
    in any case, so the reason says it and nothing is raised."""
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
    # The status of an execution that began before an upgrade has no levels.
    outcome["recorded"] = [reported, *status.get("levels", [status["severe"]])]
    return outcome


def _checked(found: Vulnerabilities, status: Status, qualys: QualysClient) -> tuple[int, list[str]]:
    """Returns how many findings exceptions hide, and remarks about counts that differ greatly."""
    reported = status["reported"]
    hidden = _hidden(status, found, qualys) if _missing(found.entries, found, status) else []
    listed = len(found.entries) + len(hidden)
    # The documents do not say whether Qualys' counts include potential vulnerabilities.
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
    """Says which of Qualys' counts is higher than these entries; empty if none is."""
    if more := _missing_in_summary(entries, found):
        return more
    listed, severe = len(entries), len([each for each in entries if is_severe(each)])
    if listed < status["reported"]:
        return f"counts {status['reported']} vulnerabilities and lists {listed}"
    if severe < status["severe"]:
        return f"counts {status['severe']} of severity 4 and 5 and lists {severe}"
    return ""


def _missing_in_summary(entries: Entries, found: Vulnerabilities) -> str:
    """Compares entries with the summary, which may count exempted entries as confirmed."""
    explained = [each for each in entries if kind_of(each) in ("confirmed", "exempted")]
    if found.confirmed <= len(explained) and found.confirmed + found.potential <= len(entries):
        return ""
    stated = f"{found.confirmed} confirmed and {found.potential} potential"
    return f"counts {stated} vulnerabilities and lists {len(entries)}"


def _hidden(status: Status, found: Vulnerabilities, qualys: QualysClient) -> Entries:
    """Returns the entries that exceptions of the subscription hide. Raises UnexpectedAnswer if
    these are not all that is missing."""
    sha, reported = status["sha"], status["reported"]
    everything = qualys.vulnerabilities(sha, apply_exceptions=False, expected=reported)
    shown = {identity(each) for each in found.entries}
    hidden = [each for each in everything.entries if identity(each) not in shown]
    if missing := _missing([*found.entries, *hidden], found, status):
        _refuse(missing, found)
    # Without the mark "exempted", an entry counts as hidden only if the summary confirms the list.
    unmarked = [each for each in hidden if kind_of(each) in ("confirmed", "potential")]
    vouched = found.summarised and not _missing_in_summary(found.entries, found)
    if unmarked and not vouched:
        _refuse(_missing(found.entries, found, status), found)
    return hidden


def _refuse(missing: str, found: Vulnerabilities) -> NoReturn:
    """Raises UnexpectedAnswer with the listed findings, since no other message will name them."""
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
