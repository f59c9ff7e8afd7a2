"""Finds running images of which Qualys knows more than their verdict says, and judges them again
without a scan.

Qualys assesses some images again as vulnerabilities are published: docs/qualys.md says which. Its
lists say how many vulnerabilities of each severity it counts for an image. Only if that differs
from what its record counted for the verdict, all that Qualys knows of the image is read. Whatever
cannot be read, or is not whole, changes nothing. A verdict with findings never becomes CLEAN here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

from image_scan import log
from image_scan.contracts import CompletionInput, Lease, Rejudged, Status
from image_scan.ecr import references
from image_scan.ecr.references import bare
from image_scan.errors import QualysRejected, QualysUnreadable
from image_scan.findings import fixes
from image_scan.scans import verdict
from image_scan.scans.detections import of_details

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from image_scan.contracts import Image, ScanInput
    from image_scan.qualys.client import QualysClient
    from image_scan.qualys.models import ScannedImage
    from image_scan.results import Outcome

    Entry = Mapping[str, Any]

_SHA = re.compile("[0-9a-f]{64}")
# Images that a query names, with 74 characters each: a URL has 8 KB.
_ASKED, _FEWEST = 100, 10


def look(entries: Mapping[str, Entry], qualys: QualysClient) -> dict[str, ScannedImage]:
    """Returns Qualys' row of each image, by the key of its verdict. Raises the Qualys errors."""
    keys: defaultdict[str, list[str]] = defaultdict(list)
    for key, entry in entries.items():
        if _SHA.fullmatch(sha := bare(entry.get("config_digest", ""))):
            keys[sha].append(key)
    shas = sorted(keys)
    rows: list[ScannedImage] = []
    for first in range(0, len(shas), _ASKED):
        rows += _rows(shas[first : first + _ASKED], qualys)
    if any(row.sha not in keys for row in rows):
        raise QualysUnreadable("a list has images that were not asked for")
    return {key: row for row in rows for key in keys[row.sha]}


def _rows(shas: Sequence[str], qualys: QualysClient) -> list[ScannedImage]:
    """Asks for half as many where Qualys refuses: it may not take a query of this length."""
    try:
        return qualys.images_of(" or ".join(f"sha:{sha}" for sha in shas))
    except QualysRejected:
        if len(shas) <= _FEWEST:
            raise
    middle = len(shas) // 2
    return [*_rows(shas[:middle], qualys), *_rows(shas[middle:], qualys)]


def changed(entry: Entry, row: ScannedImage) -> Status | None:
    """Returns what GetResults reads an image by; None if Qualys counts for it what it did.
    An entry of an earlier version has no counts by severity: it is read once."""
    try:
        counted = [row.reported, *row.levels]
    except QualysUnreadable as error:
        log.warning("a row of Qualys cannot be read", sha=row.sha, reason=str(error))
        return None
    is_whole = counted[0] is not None and row.scan_status in ("", "SUCCESS") and not row.scan_error
    is_newer = row.scanned_at >= entry.get("scanned_at", 0) > 0
    if not (is_whole and is_newer and entry.get("announced")):
        return None
    if "recorded" not in entry or counted == entry["recorded"]:
        return None
    return Status(
        complete=True,
        sha=row.sha,
        scanned_at=row.scanned_at,
        fresh=entry.get("fresh", True),
        reported=row.reported or 0,
        severe=row.severe,
        levels=row.levels,
        ended_checks=0,
    )


def judge(
    image: Image,
    entry: Entry,
    row: ScannedImage,
    status: Status,
    qualys: QualysClient,
    required: Set[str],
) -> Outcome | None:
    """Reads an image by what `changed` says; None where less is proved than its verdict says.
    Raises ScanError where what Qualys says of the image is not whole."""
    if (details := qualys.image(status["sha"])) is None:
        log.warning("not judged again", key=entry["imageDigest"], reason="no details")
        return None
    # As CheckStatus does: some fixes are known by the software alone.
    known = {"fixes": fixes.pack(details.softwares), "detected": of_details(details)}
    status = cast("Status", {**status, **known})
    outcome = verdict.judged(image, status, qualys, required, is_strict=True)
    if not _is_more(entry, outcome):
        log.warning("not judged again", key=entry["imageDigest"], reason="less is proved than was")
        return None
    outcome["reason"] = outcome["reason"] or entry.get("reason", "")
    outcome["assessed_at"] = max(row.assessed_at, row.scanned_at)
    return outcome


def as_scanned(task: ScanInput, entry: Entry) -> ScanInput:
    """Names the repository that was scanned, which is not that of each task: any account may run
    the same bytes. What is learned of them later is given to who owns them."""
    image, where = task["image"], references.parse(entry["uri"])
    if isinstance(where, references.Unscannable):
        return task
    own = {name: entry[name] for name in ("uri", "account_id", "region", "repository", "tag")}
    return {**task, "image": cast("Image", {**image, **own, "host": where.host})}


def completed(task: ScanInput, entry: Entry, outcome: Outcome, now: float) -> CompletionInput:
    """Returns what SendNotification takes: the verdict gets a number of its own, as of a scan."""
    number = max(int(now * 1000), entry["acquired_at"] + 1)
    return CompletionInput(
        event_id=task["event_id"],
        deployment=task["deployment"],
        image=task["image"],
        lease=Lease(
            key=entry["imageDigest"], owner=entry["owner"], acquired_at=number, execution_name=""
        ),
        outcome={**outcome, "had_result": True},
        rejudged=Rejudged(number=entry["acquired_at"]),
    )


def _is_more(entry: Entry, outcome: Outcome) -> bool:
    """Whether an outcome can replace a verdict: findings never become CLEAN, and at least as much
    was examined."""
    examined = set(entry.get("examined", [])) <= set(outcome.get("examined", []))
    return examined and (outcome["verdict"] == "FINDINGS" or entry["status"] == "CLEAN")
