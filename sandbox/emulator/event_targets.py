"""Rule targets: an event that EventBridge may not deliver goes to the target's dead-letter queue.

The role of the target, or the policy of the called resource, decides. There are no retries, because
no failure here is temporary.
"""

import contextvars
import json
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core import iam_evaluator as iam
from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, request_scope
from ministack.services import eventbridge, lambda_svc, sns, sqs, stepfunctions

from sandbox.emulator import key_use
from sandbox.emulator.event_buses import NoSuchBusError, NotPermittedError
from sandbox.emulator.service_roles import role_problem, service_allowed

Json = dict[str, Any]

SERVICE = "events.amazonaws.com"

# What a bus refused; set by `deliver_to_bus`, read by `invoke_target` around it.
_refused: contextvars.ContextVar[list[tuple[str, str]]] = contextvars.ContextVar("refused")

ACTIONS = {
    "states": "states:StartExecution",
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "events": "events:PutEvents",
}
EXISTS: dict[str, Callable[[str], Any]] = {
    "states": stepfunctions._resolve_state_machine_arn,
    "lambda": lambda arn: lambda_svc._get_func_record_for_ref(arn)[0],
    "sqs": sqs._queue_by_arn,
    "sns": sns.topic_policy_for_arn,
}
POLICIES: dict[str, Callable[[str], Any]] = {
    "lambda": lambda_svc.function_policy_for_arn,
    "sqs": sqs.queue_policy_for_arn,
    "sns": sns.topic_policy_for_arn,
}


def target_problem(target: Json, rule_arn: str) -> tuple[str, str] | None:
    """(code, message) of a delivery that cannot succeed."""
    arn, role = target.get("Arn", ""), target.get("RoleArn")
    spec = parse_arn(arn)
    exists = EXISTS.get(spec.service)
    if exists and not exists(arn):
        return "RESOURCE_NOT_FOUND", f"target {arn} does not exist"
    action = ACTIONS.get(spec.service)
    if spec.resource.startswith("api-destination/"):
        action = "events:InvokeApiDestination"
    if not app.AUTH or not action:
        return None
    service = "scheduler.amazonaws.com" if ":scheduler:" in rule_arn else SERVICE
    if role:
        problem = role_problem(role, service, action, arn, rule_arn, "events")
    elif policy := POLICIES.get(spec.service):
        found = policy(arn)
        allowed = service_allowed(found and found[0], service, action, arn, rule_arn)
        problem = None if allowed else f"{service} is not allowed {action} on {arn}"
        problem = problem or key_use.delivery_problem(service, arn, rule_arn)
    else:
        own_bus = spec.service == "events" and spec.account_id == get_account_id()
        problem = None if own_bus else f"the target names no role to {action} on {arn}"
    return ("NO_PERMISSIONS", problem) if problem else None


def invoke_target(stock: Any, target: Json, event: Json, rule: Json, view: Any = None) -> None:
    """Puts what may not be delivered into the dead-letter queue; ministack asks no policy."""
    view = view or eventbridge._pattern_event_view(event)
    problem = target_problem(target, rule.get("Arn", ""))
    if problem is None:
        token = _refused.set([])
        try:
            stock(target, event, rule, view)
            problem = next(iter(_refused.get()), None)
        finally:
            _refused.reset(token)
    if problem:
        app.logger.warning("sandbox: %s not delivered: %s", target.get("Arn"), problem[1])
        keep(target, rule.get("Arn", ""), json.dumps(view.event_with_detail()), problem)


def keep(target: Json, rule_arn: str, event: str, problem: tuple[str, str]) -> None:
    """Puts the event into the target's dead-letter queue, if its policy permits it."""
    arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn or sqs._queue_by_arn(arn) is None:
        return
    policy = sqs.queue_policy_for_arn(arn)
    allowed = service_allowed(policy[0], SERVICE, "sqs:SendMessage", arn, rule_arn)
    if app.AUTH and (not allowed or key_use.delivery_problem(SERVICE, arn, rule_arn)):
        app.logger.warning("sandbox: %s lets no undelivered event in", arn)
        return
    attributes = {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": target.get("Arn", ""),
        "ERROR_CODE": problem[0],
        "ERROR_MESSAGE": problem[1],
        "RETRY_ATTEMPTS": "0",
    }
    send(arn, event, attributes)


def send(queue_arn: str, body: str, attributes: dict[str, str]) -> None:
    """Sends a message for a service whose permission was already checked."""
    spec = parse_arn(queue_arn)
    message = {
        "QueueUrl": sqs._queue_url_for_account(spec.account_id, spec.resource),
        "MessageBody": body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in attributes.items()
            if value
        },
    }
    with request_scope(spec.account_id, spec.region):
        context = contextvars.copy_context()
        context.run(iam._request_caller_arn.set, "")
        context.run(key_use.caller.set, None)
        context.run(sqs._act_send_message, message, "")


def deliver_to_bus(deliver: Any, *arguments: Any) -> None:
    """Notes why a bus refused an event; ministack has no bus that refuses."""
    try:
        deliver(*arguments)
    except NotPermittedError as error:
        _refused.get().append(("NO_PERMISSIONS", str(error)))
    except NoSuchBusError as error:
        _refused.get().append(("RESOURCE_NOT_FOUND", str(error)))


def dispatch_to_lambda(_stock: Any, arn: str, payload: str) -> None:
    """Invokes asynchronously, with retries and destinations; ministack invokes once."""
    function, config, _name = lambda_svc._get_func_record_for_ref(arn)
    record = lambda_svc._execution_record_for_config(function, config)
    lambda_svc.invoke_async_with_retry(record, json.loads(payload))
