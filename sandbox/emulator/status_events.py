"""The `Step Functions Execution Status Change` event, which standard executions alone emit.

AWS gives error and cause where the execution has them; one that timed out has neither.
"""

import json
from typing import Any

from ministack import app
from ministack.services import eventbridge, stepfunctions

Json = dict[str, Any]

# Beyond this many bytes AWS leaves a payload out and says so in its "...Details".
PAYLOAD_LIMIT = 248 * 1024


def payload(text: str | None) -> tuple[str | None, Json | None]:
    if text is None:
        return None, None
    included = len(json.dumps(text)) <= PAYLOAD_LIMIT
    return (text if included else None), {"included": included}


def _detail(execution: Json) -> Json:
    """What the event says of an execution."""
    status = execution["status"]
    given, given_details = payload(execution["input"])
    output, output_details = payload(execution["output"] if status == "SUCCEEDED" else None)
    redrivable = status in {"FAILED", "ABORTED", "TIMED_OUT"}
    return {
        "executionArn": execution["executionArn"],
        "stateMachineArn": execution["stateMachineArn"],
        "name": execution["name"],
        "status": status,
        "startDate": stepfunctions._iso_to_epoch_ms(execution["startDate"]),
        "stopDate": stepfunctions._iso_to_epoch_ms(execution["stopDate"]),
        "input": given,
        "inputDetails": given_details,
        "output": output,
        "outputDetails": output_details,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        "redriveStatusReason": (
            None if redrivable else f"Execution is {status} and cannot be redriven"
        ),
        "error": execution.get("error"),
        "cause": execution.get("cause"),
    }


def emit(_stock: Any, execution: Json) -> None:
    """Emits each end of an execution with its error; ministack leaves out error and cause."""
    if execution.get("sync"):
        return
    entry = {
        "Source": "aws.states",
        "DetailType": "Step Functions Execution Status Change",
        "Detail": json.dumps(_detail(execution)),
        "Resources": [execution["executionArn"]],
    }
    try:
        eventbridge._ensure_default_bus()
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    except Exception:  # delivery is best effort: it never fails the execution
        app.logger.exception("sandbox: no status event for %s", execution["executionArn"])
