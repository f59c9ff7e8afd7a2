"""Whether a scan is over, and whether what Qualys then has is our image.

Three things must agree: the job has ended, the image is ours by digest, and its scan is not older
than our request. Anything less is not complete, or a declared failure; never a result.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from image_scan import scan_jobs
from image_scan.ecr.references import bare
from image_scan.errors import ImageNotScannable, ScanFailed, UnexpectedAnswer
from image_scan.findings import fixes
from image_scan.payloads import Image, Registry, Status, Submission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from image_scan.qualys.client import QualysClient
    from image_scan.qualys.models import ScannedImage, Schedule

# Between the clocks of Qualys' own services, or this one and Qualys'.
_CLOCK_SKEW_MS = 120_000
# Results may come a while after the end of their job. So many checks see it ended before an older
# result counts, or an image that Qualys does not list is given up; and so many for its scan error.
_SETTLING_CHECKS = 5
_ERROR_CHECKS = 2


def check(
    image: Image,
    registry: Registry,
    submission: Submission,
    earlier: int,
    last: bool,
    qualys: QualysClient,
) -> Status:
    """One poll. `earlier` is the `ended_checks` of the one before, `last` that none will follow.

    Raises ScanFailed when Qualys gave up, ImageNotScannable when the tag moved meanwhile. No
    schedule is left behind where nobody will ask for it any more.
    """
    try:
        status = _check(image, registry, submission, earlier, qualys)
    except (ScanFailed, ImageNotScannable):
        scan_jobs.clear_away(registry, submission, qualys)
        raise
    if last and not status["complete"]:
        scan_jobs.clear_away(registry, submission, qualys, ended=False)
    return status


def _check(
    image: Image, registry: Registry, submission: Submission, earlier: int, qualys: QualysClient
) -> Status:
    schedule = qualys.schedule(registry["uuid"], submission["schedule_uuid"])
    state = schedule.state if schedule else "unknown"
    if schedule and state == "failed":
        raise ScanFailed(f"the scan job ended as {schedule.status}: {_first(schedule)}")
    if state == "running":
        return _waiting(0)
    ended = earlier + 1 if earlier or state == "done" else 0
    requested = scan_jobs.requested_at(schedule, submission["submitted_at"])
    return _judge(image, _known(image, qualys), requested - _CLOCK_SKEW_MS, ended)


def _judge(image: Image, known: list[ScannedImage], earliest: int, ended: int) -> Status:
    ours = [each for each in known if is_ours(each, image)]
    ready = [each for each in ours if each.scanned_at and each.reported is not None]
    newest = max(ready, key=lambda each: each.scanned_at, default=None)
    if newest and newest.scanned_at >= earliest:
        return _result(newest, fresh=True, ended=ended)
    if ended and not ours:
        _raise_unlisted(known, image, earliest, ended)
    if ended >= _ERROR_CHECKS:
        _raise_scan_error(ours)
    # What is known by its tag only may have been other bytes when it was scanned.
    settled = ended >= _SETTLING_CHECKS and len(ready) == len(ours)
    if settled and newest and image["digest"]:
        return _result(newest, fresh=False, ended=ended)
    return _waiting(ended)


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


def _waiting(ended: int) -> Status:
    return Status(
        complete=False, sha="", scanned_at=0, fresh=False, reported=0, severe=0, ended_checks=ended
    )


def _result(candidate: ScannedImage, fresh: bool, ended: int) -> Status:
    _raise_scan_error([candidate])
    if not re.fullmatch("[0-9a-f]{64}", candidate.sha):
        raise UnexpectedAnswer("an image has no sha")
    return Status(
        complete=True,
        sha=candidate.sha,
        scanned_at=candidate.scanned_at,
        fresh=fresh,
        reported=candidate.reported or 0,
        severe=candidate.severe,
        ended_checks=ended,
        fixes=fixes.pack(candidate.softwares),
    )


def _raise_scan_error(ours: Iterable[ScannedImage]) -> None:
    """A finished job whose image says why it has no result."""
    for each in ours:
        if each.scan_error or each.scan_status not in ("", "SUCCESS"):
            raise ScanFailed(f"scan status {each.scan_status} {each.scan_error}".strip())


def _raise_unlisted(known: Iterable[ScannedImage], image: Image, earliest: int, ended: int) -> None:
    name = (image["host"], image["repository"], image["tag"])
    if any(name in each.names and each.scanned_at >= earliest for each in known):
        raise ImageNotScannable("its tag was moved to another image before Qualys scanned it")
    if ended >= _SETTLING_CHECKS:
        raise ScanFailed("the scan job has ended and Qualys does not list the image")


def _first(schedule: Schedule) -> str:
    return next(iter(schedule.errors), "no reason given")
