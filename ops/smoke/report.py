"""Prints the report of `make smoke`: a line for each stage when it is passed, and the end; or all
of it as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ops.errors import NoAnswer

if TYPE_CHECKING:
    from rich.console import Console

    from ops.errors import OpsError
    from ops.smoke.course import Step, Stopped
    from ops.smoke.definition import Definition
    from ops.smoke.stages import Remedy

Json = dict[str, Any]
PASSED, STUCK, LATE = "passed", "stuck", "late"
REFUSED, INTERRUPTED = "refused", "interrupted"
STATUSES = {PASSED: 0, STUCK: 1, LATE: 3}
_STYLES = {PASSED: "green", STUCK: "bold red", LATE: "yellow"}


@dataclass
class Report:
    """Collects events, and prints them at once, unless JSON is wanted. `left` must be removed by
    hand."""

    console: Console
    as_json: bool
    image: str
    result: str = INTERRUPTED
    task_definition: str = ""
    registered_at: datetime | None = None
    stages: list[Json] = field(default_factory=list)
    verdict: str = ""
    stage: str = ""
    why: str = ""
    remedies: list[Json] = field(default_factory=list)
    advice: str = ""
    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def registered(self, definition: Definition) -> None:
        self.task_definition, self.registered_at = definition.arn, definition.registered_at
        self._line("registered", _clock(definition.registered_at), definition.name)

    def passed(self, step: Step) -> None:
        at = datetime.fromtimestamp(step.at, UTC)
        # ECS gives whole seconds, and clocks differ.
        begun = self.registered_at or at
        seconds = max(0.0, round((at - begun).total_seconds(), 1))
        self.verdict = step.verdict or self.verdict
        shown = {"stage": step.stage, "at": at.isoformat(timespec="seconds"), "seconds": seconds}
        self.stages.append({**shown, "seen": step.seen})
        words = f"{step.verdict}: {step.seen}" if step.verdict else step.seen
        self._line(step.stage, f"{_clock(at)}  +{seconds:.0f} s", words)

    def stopped(self, result: str, stopped: Stopped, found: list[Remedy], advice: str) -> None:
        self.result, self.stage, self.why = result, stopped.stage, str(stopped)
        self.remedies, self.advice = [asdict(each) for each in found], advice
        self._line(stopped.stage, result, str(stopped), _STYLES[result])
        for each in found:
            self._line("", each.check, f"{each.reason}  ->  {each.remedy}")
        if not found:
            self._line("", "", f"->  {advice}")

    def refused(self, error: OpsError) -> None:
        self.result, self.why = REFUSED, str(error)

    def note(self, words: str) -> None:
        self.notes.append(words)
        self._line("", "", words)

    @property
    def status(self) -> int:
        """The exit status of a run that has ended."""
        return NoAnswer.status if self.errors else STATUSES[self.result]

    @property
    def errors(self) -> list[str]:
        """What AWS has refused, and what must be removed by hand."""
        return [self.why, *self.left] if self.result == REFUSED else self.left

    def end(self) -> None:
        """Prints the JSON if it is wanted."""
        if self.as_json:
            hidden = ("console", "as_json", "registered_at")
            reported = {name: value for name, value in vars(self).items() if name not in hidden}
            self.console.print_json(json.dumps(reported))

    def _line(self, name: str, when: str, words: str, style: str = "") -> None:
        if not self.as_json:
            line = Text(f"{name:<11}", style="bold").append(
                f"{when:<20}" if when else "", style=style or "dim"
            )
            self.console.print(line.append(words, style="default not bold"), soft_wrap=True)


def _clock(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%H:%M:%S")
