"""What ECS asks a lifecycle hook, and what it is answered. Pure.

ECS documents the event in two forms, with the service in `executionDetails` and beside it:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from image_scan.errors import MalformedEvent
from image_scan.events.fields import mapping, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.gate.decision import Decision, Status

# ECS gives back the details that a hook has answered, beside those of its configuration.
_OURS = "imageScanGate"
# Of the configuration: "enforce" makes a gate in audit mode enforce for this service.
_MODE = "imageScanGateMode"
ENFORCE = {_MODE: "enforce"}
DELAY_SECONDS = 30
_BEFORE_TASKS = ("RECONCILE_SERVICE", "PRE_SCALE_UP")


class HookAnswer(TypedDict):
    """`callBackDelay`: after so many seconds ECS asks again."""

    hookStatus: Status
    callBackDelay: NotRequired[int]
    hookDetails: NotRequired[dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """One call of the hook. `details` are those that this hook answered before, and whoever
    configures the service may have written them: they prove nothing. `enforces`: the service is to
    be gated though the gate is in audit mode."""

    stage: str
    deployment_arn: str
    revision_arn: str
    details: Mapping[str, Any]
    enforces: bool = False

    @property
    def is_started(self) -> bool:
        """Whether tasks of the revision have started by this stage."""
        return self.stage not in _BEFORE_TASKS

    @property
    def deadline(self) -> float:
        """Returns the deadline of this stage, in epoch seconds, as the details give it; 0 for
        none."""
        return self._time("deadline") if text(self.details, "stage") == self.stage else 0

    @property
    def asked_at(self) -> float:
        """Returns when scans were last asked for, in epoch seconds; 0 for never."""
        return self._time("askedAt")

    @property
    def asked(self) -> list[str]:
        """Returns the images, by key, of which a scan was asked for."""
        listed = self.details.get("asked")
        return [each for each in (listed if isinstance(listed, list) else []) if type(each) is str]

    def _time(self, name: str) -> float:
        try:
            given = datetime.fromisoformat(text(self.details, name))
            # OverflowError: in UTC it has no year that Python knows
            return max(given.astimezone(UTC).timestamp(), 0) if given.tzinfo else 0
        except (ValueError, OverflowError):
            return 0


def read(event: Any) -> Call:
    """Reads an event in either form. Raises MalformedEvent."""
    flat = mapping(event)
    nested = mapping(flat.get("executionDetails"))
    names = ("lifecycleStage", "resourceArn", "targetServiceRevisionArn")
    stage, deployment, revision = (text(nested, name) or text(flat, name) for name in names)
    if not (stage and ":service-deployment/" in deployment and ":service-revision/" in revision):
        raise MalformedEvent("the event names no stage, service deployment and service revision")
    given = flat.get("hookDetails")
    ours = mapping(_details(given).get(_OURS))
    return Call(stage, deployment, revision, ours, enforces(given))


def enforces(details: Any) -> bool:
    """Whether the details of a hook make a gate in audit mode enforce."""
    return text(_details(details), _MODE) == "enforce"


def _details(given: Any) -> Mapping[str, Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {}
    return mapping(given)


def wait(call: Call, deadline: float, asked: list[str], asked_at: float) -> HookAnswer:
    """Answers that ECS is to ask again."""
    until, since = (
        datetime.fromtimestamp(each, UTC).isoformat(timespec="seconds")
        for each in (deadline, asked_at)
    )
    details = {"stage": call.stage, "deadline": until, "asked": asked, "askedAt": since}
    return HookAnswer(
        hookStatus="IN_PROGRESS", callBackDelay=DELAY_SECONDS, hookDetails={_OURS: details}
    )


def end(status: Status, decided: Decision) -> HookAnswer:
    """Answers the end of a stage, with the reason beside it."""
    reasons = [each[:200] for each in decided.reasons[:5]]
    details = {"decision": decided.result, "reasons": reasons, "mark": decided.mark}
    return HookAnswer(hookStatus=status, hookDetails={_OURS: details})
