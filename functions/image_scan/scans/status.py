"""Checks whether a scan has ended, and whether Qualys' result is one of our image.

Three things must agree: the job has ended, the image is ours by digest, and its scan is not older
than our request. Otherwise the scan is not complete, or has failed. It has no result then.

An index may have several images for the platform that runs (`certain` is false). Then only an image
that Qualys pulled by the index's digest is a result, and only if all images that it pulled by this
digest are new. Without such a result, the worst of our images counts. It can show that the image
is bad, but not that it is clean: the status then has a `doubt`. So it does where ECR did not show
what the tag names: every result counts that Qualys has under this tag, of whatever platform.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from image_scan.contracts import Image, Registry, Status, Submission
from image_scan.ecr.references import bare
from image_scan.errors import ImageNotScannable, PermanentError, ScanFailed, UnexpectedAnswer
from image_scan.findings import fixes
from image_scan.scans import detections, schedules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from image_scan.qualys.client import QualysClient
    from image_scan.qualys.models import ScannedImage, Schedule

# How much clocks may differ: between Qualys' services, or between Qualys and this function.
_CLOCK_SKEW_MS = 120_000
# Results may arrive some time after their job ends. So the job must have ended for this many checks
# before an older result counts, or a missing image is an error.
_STABLE_CHECKS = 5
_ERROR_CHECKS = 2  # the same before a scan error counts
_DOUBT = "Qualys does not say which image of the index it scanned; this is the worst that it has"
_UNREAD = (
    "ECR did not show the manifest of the image, so Qualys may have scanned it for another platform"
)


def check(
    image: Image,
    registry: Registry,
    submission: Submission,
    earlier: int,
    last: bool,
    qualys: QualysClient,
) -> Status:
    """Checks a scan once. `earlier`: `ended_checks` of the check before; `last`: no check follows.

    Raises ScanFailed if Qualys gave up, and ImageNotScannable if the tag was moved meanwhile.
    Removes the schedule if no later check needs it.
    """
    try:
        status = _check(image, registry, submission, earlier, qualys)
    except PermanentError as error:
        ended = isinstance(error, ScanFailed | ImageNotScannable)
        schedules.clear_away(registry, submission, qualys, ended=ended)
        raise
    if last and not status["complete"]:
        schedules.clear_away(registry, submission, qualys, ended=False)
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
    requested = schedules.requested_at(schedule, submission["submitted_at"])
    return _judge(image, _known(image, qualys), requested - _CLOCK_SKEW_MS, ended)


def _judge(image: Image, known: list[ScannedImage], earliest: int, ended: int) -> Status:
    ours = [each for each in known if is_ours(each, image)]
    ready = [each for each in ours if each.scanned_at and each.reported is not None]
    fresh = [each for each in ready if each.scanned_at >= earliest]
    if proof := _proof(image, known, fresh):
        return _result(proof, fresh=True, ended=ended)
    if not image["manifests"] and (answer := _worst(fresh)):
        return _result(answer, fresh=True, ended=ended, doubt=_UNREAD)
    if ended and not ours:
        _raise_unlisted(known, image, earliest, ended)
    if ended >= _ERROR_CHECKS:
        _raise_scan_error(ours)
    # A tag alone is not enough: it may have named other bytes at the time of the older scan.
    is_stable = ended >= _STABLE_CHECKS and len(ready) == len(ours)
    if is_stable and image["digest"] and (answer := _worst(fresh or ready)):
        doubt = _DOUBT if image["manifests"] else _UNREAD
        doubt = "" if _is_certain(image) else doubt
        return _result(answer, fresh=answer in fresh, ended=ended, doubt=doubt)
    return _waiting(ended)


def _proof(
    image: Image, known: list[ScannedImage], fresh: list[ScannedImage]
) -> ScannedImage | None:
    """Returns the new result that certainly is the image's own; None while there is none."""
    if not image["manifests"]:
        return None
    if _is_certain(image):
        return _worst(fresh)
    pulled = [each for each in known if bare(image["digest"]) in each.digests]
    return _worst(pulled) if all(each in fresh for each in pulled) else None


def _worst(results: list[ScannedImage]) -> ScannedImage | None:
    """Returns the result with the most findings of severity 4 and 5, then with the most of all."""
    by_severity = sorted(results, key=lambda each: (each.severe, each.reported, each.scanned_at))
    return by_severity[-1] if by_severity else None


def _is_certain(image: Image) -> bool:
    # The input of an execution that began before an upgrade has no `certain`.
    return image.get("certain", len(image["configs"]) == 1)


def is_ours(candidate: ScannedImage, image: Image) -> bool:
    """Checks whether Qualys' image is ours, by its config digest or the digest it was pulled by.

    Qualys' sha is the config digest, but a sensor on containerd may report a manifest digest there.
    Where ECR did not show the manifest, the image is ours by its name, and by the digest that ECS
    reports: neither of them alone says that the bytes are those of this repository.
    """
    if not image["manifests"]:
        is_named = (image["host"], image["repository"], image["tag"]) in candidate.names
        return is_named and (not image["digest"] or bare(image["digest"]) in candidate.digests)
    digests = {bare(each) for each in image["manifests"]}
    configs = {bare(each) for each in image["configs"]}
    return candidate.sha in configs | digests or not digests.isdisjoint(candidate.digests)


def _known(image: Image, qualys: QualysClient) -> list[ScannedImage]:
    """Returns Qualys' records of the image: by its config digest if known, else by repository."""
    if _is_certain(image) and image["configs"]:
        found = qualys.image(bare(image["configs"][0]))
        if found:
            return [found]
    return list(qualys.images(image["repository"]))


def _waiting(ended: int) -> Status:
    return Status(
        complete=False, sha="", scanned_at=0, fresh=False, reported=0, severe=0, ended_checks=ended
    )


def _result(candidate: ScannedImage, fresh: bool, ended: int, doubt: str = "") -> Status:
    _raise_scan_error([candidate])
    if not re.fullmatch("[0-9a-f]{64}", candidate.sha):
        raise UnexpectedAnswer("an image has no sha")
    status = Status(
        complete=True,
        sha=candidate.sha,
        scanned_at=candidate.scanned_at,
        fresh=fresh,
        reported=candidate.reported or 0,
        severe=candidate.severe,
        levels=candidate.levels,
        ended_checks=ended,
        fixes=fixes.pack(candidate.softwares),
        doubt=doubt,
    )
    if candidate.detailed:
        status["detected"] = detections.of_details(candidate)
    return status


def _raise_scan_error(ours: Iterable[ScannedImage]) -> None:
    """Raises ScanFailed if an image of a finished job says why it has no result."""
    for each in ours:
        if each.scan_error or each.scan_status not in ("", "SUCCESS"):
            raise ScanFailed(f"scan status {each.scan_status} {each.scan_error}".strip())


def _raise_unlisted(known: Iterable[ScannedImage], image: Image, earliest: int, ended: int) -> None:
    name, digest = (image["host"], image["repository"], image["tag"]), bare(image["digest"])
    scanned = [each for each in known if each.scanned_at >= earliest]
    if any(name in each.names or digest in each.digests for each in scanned):
        if image["digest"] in image["manifests"]:
            raise ImageNotScannable("its tag was moved to another image before Qualys scanned it")
        if image["digest"] and ended >= _ERROR_CHECKS:
            what = f"the index has an image for {image.get('platform') or 'another platform'}"
            what = what if image["manifests"] else "ECR did not show what ECS has pulled"
            raise ImageNotScannable(f"{what}, and Qualys scanned another one under its tag")
    if ended >= _STABLE_CHECKS:
        raise ScanFailed("the scan job has ended and Qualys does not list the image")


def _first(schedule: Schedule) -> str:
    return next(iter(schedule.errors), "no reason given")
