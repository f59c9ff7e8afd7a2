"""Follows one event from its registration to the verdict of its image."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ops.cache_items import IN_PROGRESS
from ops.scan import Scans, verdict_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ops.smoke.stages import Stage
    from ops.smoke.traces import Line, Traces

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0  # seconds between two checks
Json = dict[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Step:
    """A stage that the event has passed: when, in epoch seconds, and what was seen."""

    stage: Stage
    at: float
    seen: str
    verdict: str = ""


class Stopped(Exception):
    """The event has stopped at a stage; the message says why."""

    def __init__(self, stage: Stage, why: str) -> None:
        super().__init__(why)
        self.stage = stage


class Stuck(Stopped):
    """The event will not continue by itself."""


class Late(Stopped):
    """The event has not passed the stage in time."""


class Course:
    """Follows the event. `known_item` reads the image's cache entry; `seconds` limits the wait."""

    def __init__(
        self,
        traces: Traces,
        scans: Scans,
        known_item: Callable[[], Json | None],
        seconds: float,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._traces = traces
        self._scans = scans
        self._known_item = known_item
        self._sleep = sleep
        self._clock = clock
        self._deadline = clock() + seconds

    def steps(self) -> Iterator[Step]:
        """Yields each stage as soon as it is passed. Raises Stuck, Late and OpsError."""
        parsed, scan = self._until("trail", self._arrival, "no event has come to the intake")
        at = parsed.at if parsed else scan["startDate"].timestamp()
        yield Step("trail", at, "the call has come to EventBridge")
        yield Step("rule", at, "the rule has started the intake")
        if parsed and (why := parsed.values.get("skipped")):
            raise Stuck("intake", f"the intake has skipped the event: {why}")
        if not scan:
            said = "the intake has not decided what to do with the image"
            asked, scan = self._until("intake", lambda: self._decision(parsed), said)
            at = asked.at if asked else scan["startDate"].timestamp()
        if scan:
            yield Step("intake", at, "a scan is needed")
        else:
            scan = yield from self._answered(at)
        if scan:
            yield Step("scan", scan["startDate"].timestamp(), scan["executionArn"])
            yield self._end(scan["executionArn"])

    def _arrival(self) -> tuple[Line | None, Any] | None:
        if (parsed := self._traces.parsed()) or (scan := self._traces.scan()):
            return (parsed, None) if parsed else (None, scan)
        self._raise_queued("rule", self._traces.undelivered, "it could not be delivered")
        self._raise_queued("intake", self._traces.failed, "the intake could not process it")
        return None

    def _decision(self, parsed: Line | None) -> tuple[Line | None, Any] | None:
        asked = self._traces.asked(str(parsed.values.get("event_id"))) if parsed else None
        if scan := self._traces.scan():
            return asked, scan
        if asked and asked.values.get("decision") != "scan":
            return asked, None
        self._raise_queued("intake", self._traces.failed, "the intake could not process it")
        return None

    def _answered(self, at: float) -> Generator[Step, None, Json | None]:
        """Follows an event that starts no scan: another event's scan runs, or the verdict is
        known."""
        words = "the image is in progress, and no scan runs"
        item, arn = self._until("scan", self._answer, words)
        if arn:
            yield Step("intake", at, "it is being scanned already")
            return self._scans.describe(arn)
        yield Step("intake", at, "its verdict is known: the cache has answered")
        verdict = str(item["status"])
        _require_result(verdict, str(item.get("reason", "")))
        yield Step("verdict", at, "it was not scanned again", verdict)
        return None

    def _answer(self) -> tuple[Json, str] | None:
        """Returns the cache entry, and the ARN of a running scan. None while the image is in
        progress without a scan: it has not begun yet, or has just ended. Raises Stuck."""
        if (item := self._known_item()) is None:
            raise Stuck("scan", "the image cannot be scanned, or its last scan has just failed")
        if item["status"] != IN_PROGRESS:
            return item, ""
        arn = self._scans.of_lease(item)
        return (item, arn) if arn else None

    def _end(self, execution_arn: str) -> Step:
        def ended() -> Json | None:
            found = self._scans.describe(execution_arn)
            return found if found["status"] != "RUNNING" else None

        found = self._until("verdict", ended, "the scan has not ended")
        reported = verdict_of(found)
        _require_result(reported["verdict"], reported["reason"])
        at = found["stopDate"].timestamp()
        return Step("verdict", at, reported["reason"] or "the scan has ended", reported["verdict"])

    def _raise_queued(self, stage: Stage, look: Callable[[], str | None], words: str) -> None:
        if (why := look()) is not None:
            raise Stuck(stage, f"{words}: {why}")

    def _until(self, stage: Stage, look: Callable[[], Found | None], words: str) -> Found:
        """Repeats `look` until it finds something. Raises Late if time runs out."""
        pause = _FIRST_PAUSE
        while (found := look()) is None:
            left = self._deadline - self._clock()
            if left <= 0:
                raise Late(stage, words)
            self._sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return found


def _require_result(verdict: str, reason: str) -> None:
    """Raises Stuck for a verdict without a result."""
    if verdict not in ("CLEAN", "FINDINGS"):
        raise Stuck("scan", f"{verdict}: {reason}".rstrip(": "))
