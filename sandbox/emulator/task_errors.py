"""Errors of tasks: their names on AWS, which of them States.ALL catches, and how retries wait."""

import json
import random
from typing import Any

from ministack.services import stepfunctions

from sandbox.emulator.patching import around

Json = dict[str, Any]

# Errors of the machine itself, which no Retry or Catch of States.ALL gets to see.
TERMINAL = {"States.Runtime", "States.DataLimitExceeded"}
PAYLOAD_LIMIT = 256 * 1024

# The SDK integration of Step Functions, whose API errors carry no "Exception" on the wire.
stepfunctions._AWS_SDK_ERROR_CODE_OVERRIDES["sfn"] = {
    name: f"{name}Exception"
    for name in (
        "ExecutionAlreadyExists",
        "ExecutionDoesNotExist",
        "ExecutionLimitExceeded",
        "InvalidArn",
        "InvalidExecutionInput",
        "InvalidName",
        "StateMachineDoesNotExist",
    )
}


@around(stepfunctions, "_invoke_nested_start_execution")
def start_nested(stock: Any, resource: str, data: Json) -> Any:
    try:
        return stock(resource, data)
    except stepfunctions._ExecutionError as error:
        name = f"StepFunctions.{error.error.removesuffix('Exception')}Exception"
        raise stepfunctions._ExecutionError(name, error.cause) from None


@around(stepfunctions, "_call_lambda")
def call_lambda(stock: Any, function: str, event: Any) -> Any:
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


@around(stepfunctions, "_error_matches")
def matches(stock: Any, names: list[str], error: str) -> bool:
    if error in TERMINAL and error not in names:
        return False
    return bool(stock(names, error))


@around(stepfunctions, "_find_matching_retrier")
def find_retrier(
    stock: Any, retriers: list[Json], error: str, counts: dict[int, int]
) -> tuple[Json | None, int]:
    """Wait here, by all the rules of the retrier; the caller's own wait becomes nothing."""
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
