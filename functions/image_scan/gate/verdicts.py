"""What is known of images: the only module of the gate that knows how verdicts are stored."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from image_scan.cache.entries import RESULTS, as_now, findings_key, listed
from image_scan.cache.turns import is_elsewhere
from image_scan.findings import encoding
from image_scan.gate.inputs import Known
from image_scan.notifications.exceptions import ExceptionStore
from image_scan.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from image_scan.cache.table import CacheTable
    from image_scan.findings.encoding import Finding
    from image_scan.gate.inputs import Candidate
    from image_scan.notifications.acceptance import FindingException
    from image_scan.state.table import StateTable

_IN_PROGRESS = "IN_PROGRESS"


class Verdicts:
    """Every method raises AwsUnavailable or AwsRejected when DynamoDB does not answer."""

    def __init__(
        self, table: CacheTable, state: StateTable, clock: Callable[[], float] = time.time
    ) -> None:
        self._table = table
        self._state = state
        self._clock = clock

    def of(self, images: Iterable[Candidate]) -> dict[str, Known]:
        """Reads the verdicts that count now, by key; an image that is being scanned has none, and
        one with a problem is not asked for. What could not be scanned in another repository may be
        scanned in this one."""
        found = {}
        for key, image in {each.key: each for each in images if not each.problem}.items():
            item = as_now(self._table.get(key) or {}, self._clock())
            counts = item and item.get("status") != _IN_PROGRESS
            if counts and (item.get("status") in RESULTS or not is_elsewhere(vars(image), item)):
                found[key] = Known(_outcome(item), self._findings(item), item.get("acquired_at", 0))
        return found

    def exceptions(self) -> list[FindingException]:
        return ExceptionStore(self._state).read()

    def _findings(self, item: dict[str, Any]) -> Sequence[Finding] | None:
        """Reads all findings; they matter only where there are some."""
        if item.get("status") != "FINDINGS":
            return None
        stored = self._table.get(findings_key(item["imageDigest"])) or {}
        return encoding.unpack(listed(stored, item.get("acquired_at", 0)))


def _outcome(item: dict[str, Any]) -> Outcome:
    stored = {name: item[name] for name in Outcome.__annotations__ if name in item}
    return cast("Outcome", {**stored, "verdict": item.get("status", "")})
