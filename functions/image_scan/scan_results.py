"""The verdict of a completed scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan import findings
from image_scan.errors import UnexpectedAnswer

if TYPE_CHECKING:
    from image_scan.payloads import Image, Outcome, Status
    from image_scan.qualys.client import QualysClient


def fetch(image: Image, status: Status, qualys: QualysClient) -> Outcome:
    """Raises UnexpectedAnswer rather than call an image clean that Qualys counts more for."""
    entries = qualys.vulnerabilities(status["sha"], apply_exceptions=True)
    outcome = findings.summarise(entries)
    if outcome["verdict"] == "CLEAN" and len(entries) < status["reported"]:
        # Either the others are exempted in the subscription, or the two answers disagree.
        listed = len(qualys.vulnerabilities(status["sha"], apply_exceptions=False))
        if listed < status["reported"]:
            message = f"Qualys counts {status['reported']} vulnerabilities and lists {listed}"
            raise UnexpectedAnswer(message)
        outcome["exempted"] += listed - len(entries)
    outcome["reason"] = _remarks(image, status)
    outcome["scanned_at"] = status["scanned_at"]
    outcome["fresh"] = status["fresh"]
    outcome["config_digest"] = f"sha256:{status['sha']}"
    return outcome


def _remarks(image: Image, status: Status) -> str:
    remarks = []
    if not status["fresh"]:
        remarks.append("Qualys did not scan again; this is its last result for the same image")
    if not image["digest"]:
        remarks.append("identified by its tag only, since ECR did not tell its digest")
    return "; ".join(remarks)
