"""What is written of a workload that an event has seen with an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_scan.aws.dynamodb import Attr, Change
from image_scan.cache.rows import starts_again
from image_scan.cache.standing import JUDGED_SECONDS, SEEN_SECONDS
from image_scan.events.workloads import workload_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boto3.dynamodb.conditions import ConditionBase

    from image_scan.contracts import ScanInput

    Row = dict[str, Any]

FACTS = ("account", "region", "cluster", "service", "task_definition", "containers", "event_name")
# Who has made the last call, and when.
CALLER = ("principal", "called_at")
# Rows that nothing runs any more stay as history for so long.
HISTORY_SECONDS = 30 * 86_400
_SHOWN = ("uri", "repository", "tag")


@dataclass(frozen=True)
class Seen:
    """An event of the time `at`, in epoch seconds. `before` is the row from before, empty if there
    was none. `running`: it runs; else it is to run. `now` in epoch milliseconds."""

    scan_input: ScanInput
    before: Mapping[str, Any]
    at: int
    now: int
    running: bool

    @property
    def caller(self) -> Row:
        """A task does not say who caused it; the call that did is remembered."""
        principal = self.scan_input["deployment"]["principal"]
        return dict(zip(CALLER, (principal, self.at), strict=True)) if principal else {}

    @property
    def asked(self) -> Row:
        """What is written, and `gone` what is removed, whatever was here later."""
        if not self.running:
            return {"event_id": self.scan_input["deployment"]["event_id"], "asked_at": self.now}
        return {"state": "running", "has_run": True, "asked_at": self.now, **self._judged()}

    @property
    def gone(self) -> tuple[str, ...]:
        return ("stopped_at", "ttl") if self.running else ()

    @property
    def is_again(self) -> bool:
        """Whether it was deployed again after it has stopped."""
        is_over = self.before.get("state") == "stopped"
        return is_over and not self.running and bool(self.before.get("stopped_at", 0) <= self.at)

    def newest(self) -> Change:
        """What is written if nothing was here later."""
        is_known = self.running and self.before.get("state") == "deployed"
        scope, back = self._scope()
        if is_known and 0 <= self.at - self.before["last_seen"] <= SEEN_SECONDS:
            # Its call has said the rest.
            return Change({**self.asked, **scope}, removed=self.gone + back)
        sets = {**_shown(self.scan_input), **self.caller, **self.asked, **scope}
        first, gone = self._first(), self.gone + back
        if self.is_again:
            sets |= {"state": first.pop("state"), "ttl": self.at + HISTORY_SECONDS}
            gone += ("stopped_at",)
        return Change({**sets, "last_seen": self.at}, first, gone)

    def is_newest(self) -> ConditionBase:
        """Whether nothing was here later, and what was deployed again has not started meanwhile."""
        seen, stopped = Attr("last_seen"), Attr("stopped_at")
        newest = seen.not_exists() | seen.lte(self.at)
        if not self.is_again:
            return newest
        is_over = stopped.not_exists() | stopped.lte(self.at)
        # It may have expired since it was read.
        return seen.not_exists() | (newest & Attr("state").eq("stopped") & is_over)

    def older(self) -> Change:
        """What is written if something was here later, but no call."""
        return Change({**self.asked, **self.caller}, removed=self.gone)

    def is_last_call(self) -> ConditionBase | None:
        """Whether no later call was here; None where that does not matter."""
        called = Attr("called_at")
        return called.not_exists() | called.lte(self.at) if self.caller else None

    def _judged(self) -> Row:
        """When the verdict is judged again as a stopped workload starts, as `standing` decides."""
        now = self.now // 1000
        is_due = self.before.get("judged_at", 0) <= now - JUDGED_SECONDS
        return {"judged_at": now} if starts_again(self.before) and is_due else {}

    def _scope(self) -> tuple[Row, tuple[str, ...]]:
        """What is written of the scope, and what is removed."""
        if rule := self.scan_input["image"].get("out_of_scope"):
            return {"out_of_scope": rule}, ()
        return {}, ("out_of_scope",)

    def _first(self) -> Row:
        """What is written where it is not there yet."""
        deployment = self.scan_input["deployment"]
        where = f"{deployment['account']}#{deployment['region']}"
        first: Row = {"first_seen": self.at, "account_region": where}
        if self.running:
            return {**first, "event_id": deployment["event_id"]}
        history = {} if self.before else {"ttl": self.at + HISTORY_SECONDS}
        return {**first, "state": "deployed", "has_run": False, **history}


def _shown(scan_input: ScanInput) -> Row:
    facts, image = workload_of(scan_input)[1], scan_input["image"]
    shown = {name: facts[name] for name in FACTS}  # type: ignore[literal-required]
    return shown | {name: image[name] for name in _SHOWN}  # type: ignore[literal-required]
