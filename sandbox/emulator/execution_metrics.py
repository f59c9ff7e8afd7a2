"""Metrics of Step Functions executions, as CloudWatch has them in the namespace AWS/States."""

from typing import Any

from ministack.services import cloudwatch, stepfunctions

_ENDS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


def run(stock: Any, execution_arn: str) -> None:
    """Counts how an execution starts and ends; ministack counts neither."""
    _count(execution_arn, "ExecutionsStarted")
    stock(execution_arn)
    execution = stepfunctions._executions.get(execution_arn) or {}
    if name := _ENDS.get(execution.get("status", "")):
        _count(execution_arn, name)


def _count(execution_arn: str, name: str) -> None:
    execution = stepfunctions._executions.get(execution_arn)
    if execution:
        machine = {"StateMachineArn": execution["stateMachineArn"]}
        cloudwatch.record_metric("AWS/States", name, 1, "Count", machine)
