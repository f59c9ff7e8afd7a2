"""On-demand scans at Qualys: a schedule for exactly one tag, submitted once and removed after."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from image_scan import log
from image_scan.errors import QualysRejected, RegistryGone, ScanError, UnexpectedAnswer
from image_scan.payloads import Image, Registry, Submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_scan.qualys.client import QualysClient
    from image_scan.registry_memo import RegistryMemo


def submit(
    image: Image,
    registry: Registry,
    name: str,
    retried: bool,
    qualys: QualysClient,
    memo: RegistryMemo,
    clock: Callable[[], float] = time.time,
) -> Submission:
    """Submits the schedule `name`, unless an earlier try has.

    Raises RegistryGone when a memoised registry is no more; the memo is then dropped.
    """
    submitted_at = int(clock() * 1000)
    if retried and (earlier := qualys.schedule(registry["uuid"], "", name)):
        return Submission(
            schedule_uuid=earlier.uuid,
            schedule_name=name,
            submitted_at=earlier.created or submitted_at,
        )
    uuid = qualys.submit_scan(registry["uuid"], name, image["repository"], image["tag"])
    if uuid is None:
        if not registry["memoised"]:
            raise QualysRejected("Qualys does not know the registry that it lists")
        memo.forget(image["account_id"], image["region"])
        raise RegistryGone(registry["uuid"])
    if not uuid:
        schedule = qualys.schedule(registry["uuid"], "", name)
        if schedule is None:
            raise UnexpectedAnswer("Qualys accepted a schedule that it does not list")
        uuid = schedule.uuid
    log.info("scan submitted", schedule=uuid, tag=image["tag"])
    return Submission(schedule_uuid=uuid, schedule_name=name, submitted_at=submitted_at)


def clear_away(registry: Registry, submission: Submission, qualys: QualysClient) -> None:
    """Removes a finished schedule, best effort: what stays is clutter, not a wrong verdict."""
    try:
        qualys.delete_schedule(registry["uuid"], submission["schedule_uuid"])
    except ScanError as error:
        log.warning("schedule not removed", error=type(error).__name__)
