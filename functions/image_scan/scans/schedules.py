"""Submits on-demand scans to Qualys: a schedule for exactly one tag, removed after the scan."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from image_scan import log
from image_scan.contracts import Image, Registry, Submission
from image_scan.errors import (
    ImageNotScannable,
    PermanentError,
    QualysRejected,
    QualysUnreadable,
    RegistryGone,
    ScanError,
)
from image_scan.qualys.reading import is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from image_scan.qualys.client import QualysClient
    from image_scan.qualys.models import Schedule
    from image_scan.state.registries import RegistryCache

# Marks our own schedules. It is simple because the documents do not say which characters are valid.
_PREFIX = "image-scan-"
# Longer than any execution can wait for its schedule (500 polls, 900 s apart).
_FORGOTTEN_MS = 6 * 86_400_000
# No clock differs by more. If a time does, it was misread.
_CLOCKS_APART_MS = 2 * 3_600_000
_MOST_SWEPT = 50  # this many ids fit into a URL


def submit(
    image: Image,
    registry: Registry,
    execution_name: str,
    retried: bool,
    qualys: QualysClient,
    registry_cache: RegistryCache,
    clock: Callable[[], float] = time.time,
) -> Submission:
    """Submits the execution's schedule, unless an earlier try has.

    Raises QualysUnreadable if it is unknown whether Qualys accepted it: the next try looks for it.
    Raises RegistryGone if a cached registry no longer exists; the entry is then dropped. Raises
    ImageNotScannable if the image could be scanned when it was leased, but no longer can.
    """
    if image["unscannable"]:
        raise ImageNotScannable(image["unscannable"])
    name = _PREFIX + execution_name
    submitted_at = int(clock() * 1000)
    if retried and (earlier := qualys.schedule_named(registry["uuid"], name)):
        return _submission(earlier, submitted_at)
    try:
        uuid = qualys.submit_scan(registry["uuid"], name, image["repository"], image["tag"])
    except (QualysRejected, QualysUnreadable):
        # If names must be unique, an earlier delivery of this request may have used this name.
        if earlier := qualys.schedule_named(registry["uuid"], name):
            return _submission(earlier, submitted_at)
        raise
    if uuid is None:
        if not registry["cached"]:
            raise QualysRejected("Qualys does not know the registry that it lists")
        registry_cache.forget(image["account_id"], image["region"])
        raise RegistryGone(registry["uuid"])
    if not uuid:
        schedule = qualys.schedule_named(registry["uuid"], name)
        if schedule is None:
            raise QualysUnreadable("Qualys accepted a schedule that it does not list")
        uuid = schedule.uuid
    log.info("scan submitted", schedule=uuid, tag=image["tag"])
    return Submission(schedule_uuid=uuid, submitted_at=submitted_at)


def requested_at(schedule: Schedule | None, ours: int) -> int:
    """Returns when a scan was requested, in epoch milliseconds: by Qualys' clock if plausible."""
    stated = schedule.created if schedule else 0
    return stated if abs(stated - ours) <= _CLOCKS_APART_MS else ours


def clear_away(
    registry: Registry, submission: Submission, qualys: QualysClient, ended: bool = True
) -> None:
    """Removes a schedule. Only logs errors: a schedule that stays does not change any verdict."""
    uuid = submission["schedule_uuid"]
    try:
        if not ended:
            qualys.cancel_schedules(registry["uuid"], [uuid])
        qualys.delete_schedule(registry["uuid"], uuid)
    except ScanError as error:
        log.warning("schedule not removed", error=type(error).__name__)


@contextmanager
def cleared_away(
    registry: Registry, submission: Submission, qualys: QualysClient
) -> Iterator[None]:
    """Removes a finished schedule after the block, also if the block fails for good: no later step
    needs the schedule."""
    try:
        yield
    except PermanentError:
        clear_away(registry, submission, qualys)
        raise
    clear_away(registry, submission, qualys)


def sweep(
    registries: Iterable[tuple[str, str]],
    registry_cache: RegistryCache,
    connect: Callable[[], QualysClient],
    clock: Callable[[], float] = time.time,
) -> None:
    """Removes old schedules of executions that died, 50 of each registry that was used within a
    day. `registries` are accounts and regions. Only logs errors; the first one ends it."""
    try:
        for account_id, region in sorted(registries):
            if is_id(uuid := registry_cache.recall(account_id, region).uuid):
                _sweep(uuid, connect(), clock() * 1000 - _FORGOTTEN_MS)
    except ScanError as error:
        log.warning("forgotten schedules not removed", error=type(error).__name__)


def _sweep(registry_uuid: str, qualys: QualysClient, before: float) -> None:
    found = [
        each
        for each in qualys.schedules(registry_uuid)
        if each.name.startswith(_PREFIX) and 0 < each.created < before and is_id(each.uuid)
    ][:_MOST_SWEPT]
    if waiting := [each.uuid for each in found if each.state in ("running", "unknown")]:
        qualys.cancel_schedules(registry_uuid, waiting)
    if found:
        qualys.delete_schedules(registry_uuid, [each.uuid for each in found])
        log.info("forgotten schedules removed", count=len(found))


def _submission(schedule: Schedule, submitted_at: int) -> Submission:
    submitted_at = requested_at(schedule, submitted_at)
    return Submission(schedule_uuid=schedule.uuid, submitted_at=submitted_at)
