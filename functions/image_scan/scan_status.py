"""Whether a scan is over, and whether what Qualys then has is our image.

Three things must agree: the job has ended, the image is ours by digest, and its scan is not older
than our request. Anything less is not complete, or a declared failure; never a result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan.errors import ImageNotScannable, ScanFailed
from image_scan.images import bare
from image_scan.payloads import Image, Registry, Status, Submission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from image_scan.qualys.client import QualysClient
    from image_scan.qualys.models import ScannedImage, Schedule

# Between this clock and Qualys'.
_CLOCK_SKEW_MS = 120_000
_WAITING = Status(complete=False, sha="", scanned_at=0, fresh=False, reported=0)


def check(image: Image, registry: Registry, submission: Submission, qualys: QualysClient) -> Status:
    """Raises ScanFailed when Qualys gave up, ImageNotScannable when the tag moved meanwhile."""
    schedule = qualys.schedule(
        registry["uuid"], submission["schedule_uuid"], submission["schedule_name"]
    )
    if schedule and schedule.state == "failed":
        raise ScanFailed(f"the scan job ended as {schedule.status}: {_first(schedule)}")
    if schedule and schedule.state == "running":
        return _WAITING
    done = schedule is not None and schedule.state == "done"
    known = _known(image, qualys)
    ours = [each for each in known if is_ours(each, image)]
    earliest = submission["submitted_at"] - _CLOCK_SKEW_MS
    ready = [each for each in ours if each.reported is not None and each.scanned_at]
    newest = max(ready, key=lambda each: each.scanned_at, default=None)
    if newest and newest.scanned_at >= earliest:
        return _result(newest, fresh=True)
    if done and newest and image["digest"] and len(ready) == len(ours):
        # This subscription did not scan again; its last result for these very bytes stands.
        # What is known by its tag only may have been other bytes then.
        return _result(newest, fresh=False)
    if done and not ours and _tag_moved(known, image, earliest):
        raise ImageNotScannable("its tag was moved to another image before Qualys scanned it")
    if done:
        _raise_scan_error(ours)
    return _WAITING


def is_ours(candidate: ScannedImage, image: Image) -> bool:
    """Whether an image of Qualys is the image: by config digest, or by what it was pulled by.

    Qualys' sha is the config digest; a sensor on containerd may report a manifest digest there.
    """
    digests = {bare(each) for each in (image["digest"], *image["manifests"]) if each}
    if not digests:
        return (image["host"], image["repository"], image["tag"]) in candidate.names
    configs = {bare(each) for each in image["configs"]}
    return candidate.sha in configs | digests or not digests.isdisjoint(candidate.digests)


def _known(image: Image, qualys: QualysClient) -> list[ScannedImage]:
    """What Qualys may have of the image: directly where one config names it, else by repository."""
    if len(image["configs"]) == 1:
        found = qualys.image(bare(image["configs"][0]))
        if found:
            return [found]
    return list(qualys.images(image["repository"]))


def _result(candidate: ScannedImage, fresh: bool) -> Status:
    if candidate.scan_status not in ("", "SUCCESS"):
        raise ScanFailed(f"scan status {candidate.scan_status} {candidate.scan_error}".strip())
    return Status(
        complete=True,
        sha=candidate.sha,
        scanned_at=candidate.scanned_at,
        fresh=fresh,
        reported=candidate.reported or 0,
    )


def _raise_scan_error(ours: Iterable[ScannedImage]) -> None:
    """A finished job whose image says why it has no result."""
    for each in ours:
        if each.scan_error or each.scan_status not in ("", "SUCCESS"):
            raise ScanFailed(f"scan status {each.scan_status} {each.scan_error}".strip())


def _tag_moved(known: Iterable[ScannedImage], image: Image, earliest: int) -> bool:
    name = (image["host"], image["repository"], image["tag"])
    return any(name in each.names and each.scanned_at >= earliest for each in known)


def _first(schedule: Schedule) -> str:
    return next(iter(schedule.errors), "no reason given")
