"""How often a queued event failed for the same reason, and whether it may be deleted.

The intake queues an event again when its redrive fails. The name of that redrive's execution, which
the new message has, says how often the event had failed before, and why.
"""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from ops.event_queue import Message

# These errors stay until somebody fixes their cause. Where there is nothing to fix, an event may be
# deleted after so many failures, one of them of a redrive. ECR may not answer because of an outage,
# or because the network does not reach its region.
_FINAL_AFTER = {"MalformedEvent": 1, "AwsRejected": 1, "ImageUnread": 3}
_NAME = re.compile(r"\bredrive-(?P<times>[0-9]{1,6})-(?P<error>[A-Za-z0-9]*)-[0-9a-f]{32}\b")
_LONGEST = 30


@dataclass(frozen=True)
class Failures:
    """The last error of an event, and how often in a row it was this one; 0 if nothing has
    processed the event. `redriven`: a redrive ended so. `is_final`: the event may be deleted."""

    error: str
    times: int
    redriven: bool

    @property
    def is_final(self) -> bool:
        return self.redriven and self.times >= _FINAL_AFTER.get(self.error, self.times + 1)


def of(message: Message) -> Failures:
    """Reads the failures of a message's event from what the message says of them."""
    body = message.body if isinstance(message.body, dict) else {}
    if "requestPayload" in body:
        return _of_function(body)
    error = message.attributes.get("Error", "")
    before = _NAME.search(message.attributes.get("Execution", ""))
    if before is None:
        return Failures(error, 1 if error else 0, redriven=False)
    same = before["error"] == _short(error)
    return Failures(error, int(before["times"]) + 1 if same else 1, redriven=True)


def after(message: Message, error: str) -> Failures:
    """Returns the failures of a message's event where a redrive of it has ended with an error."""
    known = of(message)
    return Failures(error, known.times + 1 if known.error == error else 1, redriven=True)


def execution_name(message: Message) -> str:
    """Returns a new name for the redrive of a message."""
    known = of(message)
    return f"redrive-{min(known.times, 999_999)}-{_short(known.error)}-{uuid.uuid4().hex}"


def _of_function(body: dict[str, Any]) -> Failures:
    """Reads the envelope that Lambda puts around an event which a function failed to process."""
    context, answer = body.get("requestContext"), body.get("responsePayload")
    error = answer.get("errorType") if isinstance(answer, dict) else None
    if not isinstance(error, str):
        return Failures("", 0, redriven=False)
    times = context.get("approximateInvokeCount") if isinstance(context, dict) else None
    return Failures(error, times if isinstance(times, int) else 1, redriven=False)


def _short(error: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", error)[:_LONGEST]
