"""Reads malware and secrets of an image from Qualys.

Malware has its own call; secrets are in the details of the image. A refused call says nothing about
the image. A call that fails is repeated with the whole step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan import log
from image_scan.errors import QualysForbidden, QualysRejected, QualysUnreadable
from image_scan.findings import detections
from image_scan.results import Detected, Detections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import Status
    from image_scan.qualys.client import QualysClient
    from image_scan.qualys.models import ScannedImage
    from image_scan.results import Detection

_REFUSED = (QualysForbidden, QualysRejected, QualysUnreadable)
# Files are named for this many layers with malware. All layers count.
_MOST_LAYERS = 3


def of_details(image: ScannedImage) -> Detections:
    """Reads malware and secrets from the details of an image."""
    block = image.malware if isinstance(image.malware, list) else []
    rows = [row for row in block if isinstance(row, dict)]
    return Detections(malware=detections.malware(rows), secrets=detections.secrets(image.secrets))


def fetch(status: Status, qualys: QualysClient) -> Detections:
    """Returns malware and secrets of a scanned image. Reads its details unless CheckStatus has
    already read them."""
    sha = status["sha"]
    detected = status.get("detected") or _details(sha, qualys)
    malware = detections.joined(_malware(sha, qualys), detected["malware"])
    detected = Detections(malware=malware, secrets=detected["secrets"])
    for kind, each in (("malware", malware), ("secrets", detected["secrets"])):
        if each["why"] == detections.UNCLEAR:
            log.error("an answer of Qualys has no known shape", about=kind, sha=sha)
    return detected


def _details(sha: str, qualys: QualysClient) -> Detections:
    image = qualys.image(sha)
    if image is None:
        none = detections.not_examined("Qualys does not know the image by its id")
        return Detections(malware=none, secrets=none)
    return of_details(image)


def _malware(sha: str, qualys: QualysClient) -> Detected:
    rows: list[Mapping[str, Any]] = []
    why = ""
    try:
        for row in qualys.malware(sha):
            rows.append(row)
    except _REFUSED as error:
        why = detections.UNCLEAR if isinstance(error, QualysUnreadable) else str(error)
    found = detections.malware(rows, why)
    if found["found"]:
        found["found"] = _named(sha, rows, found["found"], qualys)
    return found


def _named(
    sha: str, rows: list[Mapping[str, Any]], by_layer: list[Detection], qualys: QualysClient
) -> list[Detection]:
    """Names malware by file if Qualys lists the files, else by layer."""
    named: list[Detection] = []
    for layer in detections.malicious_layers(rows)[:_MOST_LAYERS]:
        try:
            named += detections.files(qualys.malware_files(sha, layer))
        except _REFUSED as error:
            log.info("the files of a layer are not known", layer=layer, error=str(error))
    return detections.worst(named) or by_layer
