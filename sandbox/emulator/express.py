"""Express executions: their names may repeat, and only logs show them.

AWS has no API that shows how one ended; the sandbox has `GET /_sandbox/executions`.
"""

import contextvars
import json
import threading
import uuid
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions

Json = dict[str, Any]


def start(stock: Any, data: Json) -> Any:
    """Starts an Express execution under any name; ministack demands unique names of it too."""
    machine = stepfunctions._state_machines.get(
        stepfunctions._resolve_state_machine_arn(data["stateMachineArn"])
    )
    if not machine or machine["type"] != "EXPRESS":
        return stock(data)
    name = data.get("name") or str(uuid.uuid4())
    arn = machine["stateMachineArn"].replace(":stateMachine:", ":express:")
    arn = f"{arn}:{name}:{uuid.uuid4()}"
    started, payload = now_iso(), data.get("input", "{}")
    stepfunctions._executions[arn] = {
        "executionArn": arn,
        "stateMachineArn": machine["stateMachineArn"],
        "name": name,
        "status": "RUNNING",
        "startDate": started,
        "stopDate": None,
        "input": payload,
        "output": None,
        "testCase": "",
        "mockAttempts": {},
        "sync": True,  # ministack's word for: emits no status events
        "events": [],
    }
    context = contextvars.copy_context()
    target = stepfunctions._run_execution
    threading.Thread(target=context.run, args=(target, arn), daemon=True).start()
    return json_response({"executionArn": arn, "startDate": started})


def refuse_express(stock: Any, data: Json) -> Any:
    """Refuses the ARN of an Express execution; ministack describes, lists and stops it."""
    if ":express:" in data.get("executionArn", ""):
        message = "Invalid Arn: 'Resource type not valid in this context: express'"
        return error_response_json("InvalidArn", message, 400)
    return stock(data)


def list_executions(stock: Any, data: Json) -> Any:
    """Refuses to list executions of an Express machine; ministack lists them."""
    machine = stepfunctions._state_machines.get(data.get("stateMachineArn", "")) or {}
    if machine.get("type") == "EXPRESS":
        message = "This operation is not supported by this type of state machine"
        return error_response_json("StateMachineTypeNotSupported", message, 400)
    return stock(data)


def all_executions() -> list[Json]:
    """Of all accounts. A copy of the dict: making its items one by one may let another thread add
    to it, when the collector of garbage runs in between."""
    return list(stepfunctions._executions._data.copy().values())


def running() -> int:
    """How many executions run, of all accounts and of either type."""
    return sum(execution["status"] == "RUNNING" for execution in all_executions())


def express_executions() -> list[Json]:
    """Returns the results of the express executions of all accounts, which AWS shows only in logs.

    `event_id` is the id of the EventBridge event in the input, empty for other inputs.
    """
    shown = ("executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate")
    return [
        {key: execution[key] for key in shown}
        | {"event_id": _event_id(execution["input"])}
        | {key: execution[key] for key in ("error", "cause") if execution.get(key)}
        for execution in all_executions()
        if ":express:" in execution["executionArn"]
    ]


def _event_id(payload: str) -> str:
    event = json.loads(payload)
    return str(event.get("id", "")) if isinstance(event, dict) else ""
