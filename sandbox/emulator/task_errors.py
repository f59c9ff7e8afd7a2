"""Errors of tasks: their names on AWS, which of them States.ALL catches, and how retries wait."""

import json
import random
from typing import Any

from ministack.services import stepfunctions

Json = dict[str, Any]

# Errors of the machine itself, which no Retry or Catch of States.ALL gets to see.
TERMINAL = {"States.Runtime", "States.DataLimitExceeded"}
PAYLOAD_LIMIT = 256 * 1024


def start_nested(stock: Any, resource: str, data: Json) -> Any:
    """Prefixes errors of a nested start with StepFunctions; ministack takes the wire's name."""
    try:
        return stock(resource, data)
    except stepfunctions._ExecutionError as error:
        name = f"StepFunctions.{error.error.removesuffix('Exception')}Exception"
        raise stepfunctions._ExecutionError(name, error.cause) from None


def call_lambda(stock: Any, function: str, event: Any) -> Any:
    """Names a throttled function, and limits its result; ministack does neither."""
    try:
        result = stock(function, event)
    except stepfunctions._ExecutionError as error:
        cause = error.cause if error.cause.startswith("{") else "{}"
        if json.loads(cause).get("__type") == "TooManyRequestsException":
            raise stepfunctions._ExecutionError(
                "Lambda.TooManyRequestsException", json.loads(cause).get("message", "")
            ) from None
        raise
    if len(json.dumps(result).encode()) > PAYLOAD_LIMIT:
        raise stepfunctions._ExecutionError(
            "States.DataLimitExceeded",
            "The state/task returned a result with a size exceeding the maximum number of bytes.",
        )
    return result


def matches(stock: Any, names: list[str], error: str) -> bool:
    """Has States.ALL match no terminal error; in ministack it matches every one."""
    if error in TERMINAL and error not in names:
        return False
    return bool(stock(names, error))


def find_retrier(
    stock: Any, retriers: list[Json], error: str, counts: dict[int, int]
) -> tuple[Json | None, int]:
    """Waits by MaxDelaySeconds and JitterStrategy too; ministack ignores them.

    The wait is here; the caller's own wait becomes nothing.
    """
    retrier, index = stock(retriers, error, counts)
    if retrier is None:
        return None, -1
    delay = retrier.get("IntervalSeconds", 1)
    delay *= retrier.get("BackoffRate", 2.0) ** counts.get(index, 0)
    delay = min(delay, retrier.get("MaxDelaySeconds", delay))
    if retrier.get("JitterStrategy") == "FULL":
        delay = random.uniform(0, delay)  # noqa: S311 - a delay, not a secret
    stepfunctions._scaled_sleep(delay)
    return retrier | {"IntervalSeconds": 0}, index
