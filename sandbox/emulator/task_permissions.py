"""A state machine's tasks act with the machine's role, and with nothing else."""

import contextvars
import json
from typing import Any

from ministack import app
from ministack.core import iam_actions
from ministack.core import iam_evaluator as iam
from ministack.core.responses import get_account_id, get_region
from ministack.services import stepfunctions

from sandbox.emulator import key_use, leading_keys
from sandbox.emulator.executions import current
from sandbox.emulator.service_roles import role_problem, session_arn, session_key

Json = dict[str, Any]

SERVICE = "states.amazonaws.com"

# Where the name of an SDK integration is not that of the service's IAM actions.
IAM_PREFIXES = {"sfn": "states", "eventbridge": "events", "cloudwatchlogs": "logs"}


def _arn(service: str, kind: str, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{kind}{name}"


def optimized(integration: str, data: Json) -> tuple[str, str, str]:
    """(action, resource, error) of an optimized integration such as `sqs:sendMessage`."""
    service, operation = integration.split(":", 1)
    owner, queue = ("//" + data.get("QueueUrl", "")).rsplit("/", 2)[-2:]
    bus = next((entry.get("EventBusName") for entry in data.get("Entries", [])), None)
    resource, error = {
        "lambda": (
            _arn("lambda", "function:", data.get("FunctionName", "")),
            "Lambda.AWSLambdaException",
        ),
        "dynamodb": (
            _arn("dynamodb", "table/", data.get("TableName", "")),
            "DynamoDB.AmazonDynamoDBException",
        ),
        "sns": (data.get("TopicArn", "*"), "SNS.AmazonSNSException"),
        "sqs": (f"arn:aws:sqs:{get_region()}:{owner}:{queue}", "SQS.AmazonSQSException"),
        "events": (
            _arn("events", "event-bus/", bus or "default"),
            "EventBridge.AmazonEventBridgeException",
        ),
        "states": (data.get("StateMachineArn", "*"), "StepFunctions.AWSStepFunctionsException"),
    }.get(service, ("*", "States.TaskFailed"))
    action = "InvokeFunction" if service == "lambda" else operation[0].upper() + operation[1:]
    return f"{service}:{action}", resource, error


def sdk(service: str, operation: str, data: Json) -> tuple[str, str, str]:
    """(action, resource, error) of an SDK integration such as `aws-sdk:dynamodb:getItem`."""
    service = service.lower()
    action = operation[0].upper() + operation[1:]
    info = stepfunctions._AWS_SDK_SERVICE_MAP.get(service, {})
    prefix = stepfunctions._AWS_SDK_ERROR_PREFIX.get(service, service.capitalize())
    iam_service = IAM_PREFIXES.get(service, info.get("service_key", service))
    if iam_service == "states":
        resource = data.get("StateMachineArn") or data.get("ExecutionArn") or "*"
    else:
        resource = iam_actions.extract_resource_arn(
            iam_service,
            "POST",
            "/",
            {"x-amz-target": f"{info.get('target_prefix', '')}.{action}"},
            json.dumps(data, default=str).encode(),
            {},
            get_region(),
            get_account_id(),
        )
    return f"{iam_service}:{action}", resource, f"{prefix}.{prefix}Exception"


def permission(resource: str, data: Json) -> tuple[str, str, str]:
    integration = resource.split(":states:::", 1)[-1]
    integration = integration.split(".sync")[0]
    if ":lambda:" in resource and ":function:" in resource:
        return "lambda:InvokeFunction", resource, "Lambda.AWSLambdaException"
    if integration.startswith("aws-sdk:"):
        _, service, operation = integration.split(":")
        return sdk(service, operation, data)
    return optimized(integration, data)


def check(resource: str, data: Any) -> None:
    """Fails the task if the machine's role lacks the permission."""
    this = current.get()
    if not this:
        return
    this.check()
    role = this.machine.get("roleArn", "")
    if not app.AUTH or ":activity:" in resource:
        return
    data = data if isinstance(data, dict) else {}
    action, arn, error = permission(resource, data)
    machine, session = this.machine["stateMachineArn"], this.execution["name"]
    facts = leading_keys.facts(data) if action.startswith("dynamodb:") else {}
    if problem := role_problem(role, SERVICE, action, arn, machine, session, facts):
        cause = f"{problem} (Status Code: 403; Error Code: AccessDeniedException)"
        raise stepfunctions._ExecutionError(error, cause)


def _as_machine(call: Any, *arguments: Any) -> Any:
    """Calls with the machine's role, so that resource policies do not see the starter's."""
    this = current.get()
    if not this:
        return call(*arguments)
    role, session = this.machine.get("roleArn", ""), this.execution["name"]
    context = contextvars.copy_context()
    context.run(iam._request_caller_arn.set, session_arn(role, session))
    context.run(key_use.caller.set, session_key(role, session))
    context.run(iam._signed_request.set, None)
    return context.run(call, *arguments)


def invoke(stock: Any, resource: str, data: Any) -> Any:
    """Fails a task that the machine's role may not do; ministack asks no role."""
    check(resource, data)
    return _as_machine(stock, resource, data)
