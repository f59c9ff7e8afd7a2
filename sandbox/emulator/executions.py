"""The life of a Step Functions execution: how it starts, how long it may take, how it is stopped.

Time is the time of the execution: a wait counts in full, even if `SFN_WAIT_SCALE` shortens it. So a
machine's TimeoutSeconds means the same at any scale.
"""

import contextvars
import json
import math
import re
import threading
import time
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions

Json = dict[str, Any]

NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class StoppedError(BaseException):
    """Ends the threads of an execution that is over. No Retry or Catch may see it."""


class Run:
    """An execution under way."""

    def __init__(self, execution: Json, machine: Json) -> None:
        self.execution = execution
        self.machine = machine
        definition = json.loads(machine.get("definition") or "{}")
        self.limit = float(definition.get("TimeoutSeconds", math.inf))
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._skipped = 0.0

    def left(self) -> float:
        return self.limit - (time.monotonic() - self._started + self._skipped)

    def wait(self, seconds: float) -> None:
        """Wait so many seconds of the execution's time, or until it is over."""
        span = min(seconds, max(self.left(), 0.0))
        before = time.monotonic()
        self.stopped.wait(span * stepfunctions._SFN_WAIT_SCALE)
        with self._lock:
            self._skipped += max(span - (time.monotonic() - before), 0.0)
        if span < seconds:
            self.time_out()
        self.check()

    def check(self) -> None:
        """Raise when the execution is over, by its own limit or by StopExecution."""
        if self.left() <= 0:
            self.time_out()
        if self.stopped.is_set():
            raise StoppedError

    def time_out(self) -> None:
        with self._lock:
            if self.execution["status"] != "RUNNING":
                return
            self.execution["status"] = "TIMED_OUT"
        self.execution["stopDate"] = now_iso()
        self.stopped.set()
        stepfunctions._add_event(
            self.execution,
            "ExecutionTimedOut",
            {"executionTimedOutEventDetails": {"error": "States.Timeout"}},
        )
        stepfunctions._emit_execution_status_event(self.execution)


current: contextvars.ContextVar[Run | None] = contextvars.ContextVar("run", default=None)
_runs: dict[str, Run] = {}


def run(stock: Any, execution_arn: str) -> None:
    """Ends an execution at its machine's TimeoutSeconds; ministack ignores that limit."""
    execution = stepfunctions._executions.get(execution_arn)
    machine = execution and stepfunctions._state_machines.get(execution["stateMachineArn"])
    if not machine:
        stock(execution_arn)
        return
    this = _runs[execution_arn] = Run(execution, machine)
    current.set(this)
    alarm = None
    if this.limit < math.inf:
        context = contextvars.copy_context()
        alarm = threading.Timer(this.limit, context.run, [this.time_out])
        alarm.daemon = True
        alarm.start()
    try:
        stock(execution_arn)
    except StoppedError:
        pass
    finally:
        if alarm:
            alarm.cancel()
        _runs.pop(execution_arn, None)


def wait(stock: Any, seconds: float) -> None:
    """Waits in the execution's time, until it is over; ministack cannot end a wait."""
    this = current.get()
    if this:
        this.wait(seconds)
    else:
        stock(seconds)


def fail(stock: Any, execution: Json, error: str, cause: str) -> None:
    """Leaves an execution as it ended; ministack lets its last task change that."""
    if execution["status"] == "RUNNING":
        stock(execution, error, cause)


def start(stock: Any, data: Json) -> Any:
    """Checks name and input of a start, and answers a repeated one alike; ministack does not."""
    arn = stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", ""))
    machine = stepfunctions._state_machines.get(arn) if arn else None
    if not machine:
        return stock(data)
    name = data.get("name")
    if name is not None and not NAME.fullmatch(name):
        return error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)
    try:
        json.loads(data.get("input", "{}"))
    except ValueError:
        message = "Invalid State Machine Execution Input"
        return error_response_json("InvalidExecutionInput", message, 400)
    twin = stepfunctions._executions.get(f"{arn.replace(':stateMachine:', ':execution:')}:{name}")
    if twin and twin["status"] == "RUNNING" and twin["input"] == data.get("input", "{}"):
        return json_response({"executionArn": twin["executionArn"], "startDate": twin["startDate"]})
    return stock(data)


def stop(stock: Any, data: Json) -> Any:
    """Ends the threads of a stopped execution; ministack lets them run on."""
    answer = stock(data)
    this = _runs.get(data.get("executionArn", ""))
    if this and this.execution["status"] != "RUNNING":
        this.stopped.set()
    return answer
