"""Faults of AWS on purpose, at a rate: `POST /_sandbox/faults` {"seed", "rate", "spared"}, `GET`
counts them.

They affect calls of functions to AWS, the functions themselves, calls of state machines, and events
that EventBridge delivers to state machines. One seeded generator draws all of them.
"""

import contextvars
import json
import random
import threading
from collections import Counter
from typing import Any

from ministack.core.responses import error_response_json, error_response_xml
from ministack.services import eventbridge, lambda_svc, s3, stepfunctions

from sandbox.emulator import kills
from sandbox.emulator.event_targets import keep
from sandbox.emulator.task_permissions import permission

Json = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]

XML_SERVICES = {"sns", "sts", "iam"}
# A function that is killed at random has made fewer calls than this.
MOST_CALLS = 4
LATEST_MILLISECONDS = 2000


class Faults:
    """`rate` is the share of operations that fail; by default none does. Lambda always runs the
    function that is `spared`; its calls fail like all others."""

    def __init__(self) -> None:
        self.configure(0, 0.0)

    def configure(self, seed: int, rate: float, spared: str = "") -> None:
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._rate = rate
        self.spared = spared
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def draw(self, operation: str, *kinds: str) -> str | None:
        """Draws one of the kinds or, most of the time, None."""
        with self._lock:
            if self._random.random() >= self._rate:
                return None
            kind = self._random.choice(kinds)
            self.counts[f"{operation}: {kind}"] += 1
            return kind

    def between(self, low: int, high: int) -> int:
        with self._lock:
            return self._random.randint(low, high)


faults = Faults()


def of_call(service: str) -> str | None:
    """Draws a fault for a function's call. With "answer lost", the call is carried out."""
    return faults.draw(f"AWS {service}", "throttled", "failed", "answer lost")


def refusal(service: str, kind: str) -> Answer:
    is_throttled, is_xml = kind == "throttled", service in XML_SERVICES
    if is_throttled:
        code = "Throttling" if is_xml else "ThrottlingException"
    else:
        code = "InternalError" if is_xml else "InternalServerError"
    return error(service, code, "Fault on purpose", 400 if is_throttled else 500)


def error(service: str, code: str, message: str, status: int) -> Answer:
    """Makes the answer of an error in the words of a service."""
    if service == "s3":
        respond = s3._error
    else:
        respond = error_response_xml if service in XML_SERVICES else error_response_json
    answer: Answer = respond(code, message, status)
    return answer


def invoke(stock: Any, function: Json, event: Any, request_id: str) -> Json:
    """Throttles or kills an invocation; ministack has no faults on purpose.

    A function is killed before one of its calls or at its end; some kills look like a timeout.
    """
    name = (function.get("config") or function).get("FunctionName", "")
    kinds = ("throttled", "killed", "timed out", "killed at the end")
    kind = None if name == faults.spared else faults.draw("Lambda", *kinds)
    if kind is None:
        return dict(stock(function, event, request_id))
    if kind == "throttled":
        return dict(
            lambda_svc._throttle_response(
                reason_code="ConcurrentInvocationLimitExceeded", msg="Rate Exceeded."
            )
        )
    number = 0 if kind == "killed at the end" else faults.between(1, MOST_CALLS)
    with kills.ending(kills.Point("before", number=number)):
        result = dict(stock(function, event, request_id))
    body = result.get("body")
    if kind == "timed out" and isinstance(body, dict) and "errorType" in body:
        message = f"RequestId: {request_id} Error: Task timed out"
        result["body"] = {"errorType": "Sandbox.Timedout", "errorMessage": message}
    return result


def task(stock: Any, resource: str, data: Any) -> Any:
    """Fails what a machine asks of other services than Lambda; ministack has no such faults."""
    kind = None if ":lambda:" in resource else faults.draw("task", "failed", "answer lost")
    result = None if kind == "failed" else stock(resource, data)
    if kind:
        raise stepfunctions._ExecutionError(permission(resource, data)[2], "Fault on purpose")
    return result


def deliver(stock: Any, target: Json, event: Json, rule: Json, view: Any = None) -> None:
    """Delivers to a machine late, twice or never; ministack delivers once, at once.

    What comes late comes out of order.
    """
    kind = None
    if ":stateMachine:" in target.get("Arn", ""):
        kind = faults.draw("EventBridge", "late", "twice", "refused")
    if kind == "refused":
        view = view or eventbridge._pattern_event_view(event)
        problem = ("THROTTLING", "Fault on purpose")
        keep(target, rule.get("Arn", ""), json.dumps(view.event_with_detail()), problem)
        return
    if kind == "twice":
        stock(target, event, rule, view)
    if kind is None:
        stock(target, event, rule, view)
        return
    context = contextvars.copy_context()
    delay = faults.between(0, LATEST_MILLISECONDS) / 1000
    timer = threading.Timer(delay, context.run, [stock, target, event, rule, view])
    timer.daemon = True
    timer.start()
