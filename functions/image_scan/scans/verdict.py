"""Makes the verdict of a completed scan, from everything that the image was examined for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan.errors import NotExamined
from image_scan.findings import detections
from image_scan.scans import detections as detected_at
from image_scan.scans import results, schedules

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

    from image_scan.contracts import Image, ResultsInput, Status
    from image_scan.qualys.client import QualysClient
    from image_scan.results import Detections, Outcome

_REMEDIES = {
    "malware": "start the registry sensor with --perform-malware-detection",
    "secrets": "have the registry sensor look for secrets, see Qualys' sensor deployment guide",
}


def verdict(scan_input: ResultsInput, qualys: QualysClient, required: Set[str]) -> Outcome:
    """Returns the verdict, and removes the schedule.

    Raises NotExamined if a `required` examination is missing. If people are notified of serious
    findings anyway, nothing is raised, and the reason says what is missing.
    """
    with schedules.cleared_away(scan_input["registry"], scan_input["submission"], qualys):
        return judged(scan_input["image"], scan_input["status"], qualys, required)


def judged(
    image: Image,
    status: Status,
    qualys: QualysClient,
    required: Set[str],
    *,
    is_strict: bool = False,
) -> Outcome:
    """Reads all that Qualys knows of an image, and returns the verdict. Raises NotExamined, and if
    `is_strict`, whatever was found, UnexpectedAnswer for a list that is not whole."""
    detected = detected_at.fetch(status, qualys)
    serious = _is_serious(detected) and not is_strict
    outcome = results.fetch(image, status, qualys, alarming=serious)
    outcome = detections.add(outcome, detected)
    missing = list(_missing(outcome, detected, required))
    if missing and not (serious or detections.is_serious(outcome["counts"])):
        raise NotExamined("; ".join(missing))
    outcome["reason"] = "; ".join(filter(None, [outcome["reason"], *_unclear(detected), *missing]))
    return outcome


def _is_serious(detected: Detections) -> bool:
    malware, secrets = detected["malware"], detected["secrets"]
    return bool(malware["found"]) or detections.is_serious(secrets["counts"])


def _missing(outcome: Outcome, detected: Detections, required: Set[str]) -> Iterable[str]:
    """Says of each required examination that is missing: why, and how to fix it."""
    for kind, each in (("malware", detected["malware"]), ("secrets", detected["secrets"])):
        if kind in required and kind not in outcome["examined"]:
            yield f"not examined for {kind}, which is required ({each['why']}): {_REMEDIES[kind]}"


def _unclear(detected: Detections) -> Iterable[str]:
    for kind, each in (("malware", detected["malware"]), ("secrets", detected["secrets"])):
        if each["why"] == detections.UNCLEAR:
            yield f"Qualys' answer about {kind} is incomplete or has no known shape"
