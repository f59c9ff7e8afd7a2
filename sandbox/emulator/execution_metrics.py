"""Metrics of Step Functions executions, as CloudWatch has them in the namespace AWS/States."""

from types import FunctionType
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


def evaluate_alarm(stock: FunctionType, alarm: dict[str, Any]) -> None:
    """Compares an alarm with the metric of its own dimensions; ministack takes those of all, so one
    installation's failures are the alarm of another."""
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []}
    key = (alarm.get("Namespace"), alarm.get("MetricName"), cloudwatch._dims_key(dimensions))
    points = cloudwatch._metrics.get(key)
    own = {"_metrics": {key: points} if points else {}}
    FunctionType(stock.__code__, stock.__globals__ | own)(alarm)
