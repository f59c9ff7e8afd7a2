"""Reads what SendNotification is given: the input of its state, or the end of an execution."""

import json
from typing import Any, cast

from image_scan.contracts import CompletionInput
from image_scan.errors import MalformedEvent
from image_scan.results import Outcome

# The error of an execution that died outside its own Catch begins so.
DIED = "execution "
_STATUS_CHANGE = "Step Functions Execution Status Change"


def read_input(event: dict[str, Any]) -> CompletionInput:
    """Returns the input of a machine's state, or of an execution that died outside its own Catch.

    Raises MalformedEvent when EventBridge left the execution's input out.
    """
    if event.get("detail-type") != _STATUS_CHANGE:
        return cast("CompletionInput", event)
    detail = event["detail"]
    if not detail.get("input"):
        raise MalformedEvent(f"no input is included of {detail.get('executionArn')}")
    outcome = Outcome(
        verdict="ERROR",
        error=f"{DIED}{detail['status']}",
        cause=detail.get("cause") or "",
    )
    return cast("CompletionInput", {**json.loads(detail["input"]), "outcome": outcome})
