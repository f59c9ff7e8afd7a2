"""Continuous assessment: what Qualys knows of an image changes without a scan of it.

Only images that are marked for it, and were scanned within 30 days (release notes of CS 1.39).
"""

from sandbox.qualys.findings import dated
from sandbox.qualys.images import Image
from sandbox.qualys.world import World

SOURCE = "CONTINUOUS_ASSESSMENT"
_SCANNED_WITHIN_SECONDS = 30 * 86_400


def assess(world: World) -> int:
    """Assesses all marked images by what is known now. Returns how many there were. Malware and
    secrets stay as the last scan found them."""
    with world.lock:
        marked = [image for image in world.images.all() if _is_assessed(world, image)]
        for image in marked:
            _assess(world, image)
    return len(marked)


def _is_assessed(world: World, image: Image) -> bool:
    earliest = world.clock.now() - _SCANNED_WITHIN_SECONDS
    is_recent = image.scanned_at is not None and image.scanned_at >= earliest
    return is_recent and world.switches_of(image).continuously_assessed


def _assess(world: World, image: Image) -> None:
    now, switches = world.clock.now(), world.switches_of(image)
    (first, *_) = image.repo
    given = world.findings.of(image.sha, first.repository, first.tag)
    image.findings = dated(given, image.findings, now)
    image.assessed_at = now
    if SOURCE not in image.source:
        image.source.append(SOURCE)
    if "scan time" in switches.assessment_moves:
        image.scanned_at = now
    if "updated" in switches.assessment_moves:
        image.updated = now
