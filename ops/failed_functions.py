"""Has a function process an event again that it failed to process."""

import json
from typing import Any

from image_scan.notifications.facts import error_message
from ops import repeated_failures
from ops.answers import answers
from ops.event_queue import EventQueue, Message
from ops.installation import Installation
from ops.queued_events import IMPORT, event_of
from ops.repeated_failures import Failures

Json = dict[str, Any]
_NO_FUNCTION = "ResourceNotFoundException"


def invoke(queue: EventQueue, message: Message, installation: Installation) -> Json:
    """Invokes the function that reports a crashed scan, or the function that imports findings.

    Deletes the message, or says why it is left, and whether it may be deleted. Raises OpsError.
    """
    event, goes_to = event_of(message.body)
    client = installation.client("lambda")
    with answers():
        try:
            answer = client.invoke(
                FunctionName=installation.function_name(goes_to), Payload=json.dumps(event)
            )
        except client.exceptions.ResourceNotFoundException:
            if goes_to != IMPORT:
                raise
            reason = "Security Hub is switched off (security_hub)"
            return _left(Failures(_NO_FUNCTION, 1, redriven=True), reason, droppable=True)
    reported = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        error = _error_type(reported)
        reason = f"{error}: {error_message(reported)}".strip(": ")
        after = repeated_failures.after(message, error)
        return _left(after, reason, droppable=after.is_final)
    queue.delete(message)
    return {"result": "done", "reason": ""}


def _left(after: Failures, reason: str, *, droppable: bool) -> Json:
    return {
        "result": "left",
        "error": after.error,
        "failures": after.times,
        "reason": reason,
        "droppable": droppable,
    }


def _error_type(reported: str) -> str:
    try:
        found = json.loads(reported)
    except (ValueError, RecursionError):
        return ""
    return str(found.get("errorType") or "") if isinstance(found, dict) else ""
