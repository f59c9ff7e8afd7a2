"""Composes what is done about running images of which Qualys knows more than we: Reconcile finds
them in Qualys' lists, and Reassess judges them again."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_scan import config, log
from image_scan.aws import clients
from image_scan.cache.entries import as_now
from image_scan.cache.table import CacheTable
from image_scan.cache.turns import is_elsewhere
from image_scan.errors import ScanError
from image_scan.qualys import connect
from image_scan.scans import reassessment

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from image_scan.aws.cross_account import Accounts
    from image_scan.contracts import ScanInput
    from image_scan.inventory.coverage import Running
    from image_scan.qualys.client import QualysClient
    from image_scan.qualys.models import ScannedImage

# Images of one invocation of Reassess: each takes three calls of Qualys.
_TOGETHER = 20


def find(fresh: Mapping[str, Running], accounts: Accounts) -> Mapping[str, ScannedImage]:
    """Starts Reassess for running images of which Qualys knows more. Returns Qualys' rows, by key;
    none where it does not answer: that changes nothing, and the next day tries again."""
    entries = {key: each.entry for key, each in fresh.items()}
    try:
        rows = reassessment.look(entries, connect.client()) if entries else {}
        changed = [key for key, row in rows.items() if reassessment.changed(entries[key], row)]
        met = [reassessment.as_scanned(fresh[key].task, entries[key]) for key in changed]
        tasks = [task for each in met if (task := _owned(each, accounts))]
        for first in range(0, len(tasks), _TOGETHER):
            _invoke(config.reassessment_function(), {"tasks": tasks[first : first + _TOGETHER]})
    except ScanError as error:
        log.error("no list of assessments", error=type(error).__name__, reason=str(error))
        return {}
    log.info("assessments read", asked=len(entries), known=len(rows), changed=len(changed))
    return rows


def run(tasks: list[ScanInput]) -> int:
    """Judges images again, and has what is new recorded and notified. Returns how many changed.
    Raises the Qualys errors, AwsUnavailable, AwsRejected or ConfigurationError."""
    cache, qualys, required = CacheTable.connect(), connect.client(), config.require_examined()
    found = {task["image"]["key"]: cache.get(task["image"]["key"]) or {} for task in tasks}
    entries = {key: entry for key, item in found.items() if (entry := as_now(item, time.time()))}
    rows, judged = reassessment.look(entries, qualys), 0
    for task in tasks:
        if (key := task["image"]["key"]) in rows:
            judged += _Image(task, entries[key], rows[key]).judge(qualys, required)
    log.info("judged again", images=len(tasks), judged=judged)
    return judged


@dataclass(frozen=True)
class _Image:
    task: ScanInput
    entry: Mapping[str, Any]
    row: ScannedImage

    def judge(self, qualys: QualysClient, required: Set[str]) -> bool:
        """Returns whether the verdict changes. What is not whole changes nothing."""
        if (status := reassessment.changed(self.entry, self.row)) is None:
            return False
        if is_elsewhere(self.task["image"], self.entry):
            return False  # it was scanned meanwhile: the next reconciliation looks at that
        try:
            outcome = reassessment.judge(
                self.task["image"], self.entry, self.row, status, qualys, required
            )
        except ScanError as error:
            key, kind = self.entry["imageDigest"], type(error).__name__
            log.warning("not judged again", key=key, error=kind, reason=str(error))
            return False
        if outcome is None:
            return False
        completion = reassessment.completed(self.task, self.entry, outcome, time.time())
        _invoke(config.notification_function(), completion)
        return True


def _owned(task: ScanInput, accounts: Accounts) -> ScanInput | None:
    """Adds what the event of a result needs: the member account that owns the image. None where
    that account does not answer."""
    image, account = task["image"], task["deployment"]["account"]
    try:
        owner = accounts.ecr(image["account_id"], image["region"], account).role_account_id
    except ScanError as error:
        log.warning("not judged again", key=image["key"], reason=str(error))
        return None
    return {**task, "image": {**image, "role_account_id": owner}}


def _invoke(function: str, payload: Any) -> None:
    with clients.calls("lambda:InvokeFunction"):
        clients.client("lambda").invoke(
            FunctionName=function, InvocationType="Event", Payload=json.dumps(payload)
        )
