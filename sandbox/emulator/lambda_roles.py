"""The execution role of a function: Lambda must be able to assume it, and acts with it. And the
function's own policy: who may call it.

ministack already gives the function's own calls the role's credentials. Missing were the role's
trust policy, and what Lambda does on the function's behalf: logs and failure destinations.
"""

from typing import Any

from ministack import app
from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import request_scope
from ministack.services import cloudwatch_logs, lambda_svc

from sandbox.emulator import key_use
from sandbox.emulator.service_roles import role_problem, session_key, trust_problem

Json = dict[str, Any]

SERVICE = "lambda.amazonaws.com"
DESTINATION_ACTIONS = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "events": "events:PutEvents",
}


def _config(function: Json) -> Json:
    return function.get("config") or function


def policy_of(stock: Any, resource_arn: str) -> Any:
    """Finds the resource policy of a function in its own account; ministack looks in the caller's,
    and finds that nothing forbids a call from another account."""
    try:
        arn = parse_arn(resource_arn)
    except ArnParseError:
        return stock(resource_arn)
    with request_scope(arn.account_id, arn.region):
        return stock(resource_arn)


def execute(
    stock: Any, function: Json, config: Json, event: Any, request_id: str, started: float
) -> Json:
    """Runs no function whose role does not trust Lambda; ministack asks no trust policy."""
    problem = trust_problem(config.get("Role", ""), SERVICE, config.get("FunctionArn", ""))
    if problem:
        app.logger.warning("sandbox: %s not run: %s", config.get("FunctionName"), problem)
        message = "The role defined for the function cannot be assumed by Lambda."
        body = {"errorType": "AccessDeniedException", "errorMessage": message}
        return {"body": body, "error": True}
    result: Json = stock(function, config, event, request_id, started)
    return result


def write_logs(stock: Any, function: Json, *arguments: Any, **options: Any) -> None:
    """Drops the logs of a role that may not write them; ministack writes them by itself."""
    config = _config(function)
    name = config.get("FunctionName", "")
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    if group not in cloudwatch_logs._log_groups:
        actions.insert(0, "logs:CreateLogGroup")
    arn = parse_arn(config["FunctionArn"])
    stream = f"arn:aws:logs:{arn.region}:{arn.account_id}:log-group:{group}:log-stream:x"
    for action in actions:
        if problem := role_problem(config.get("Role", ""), SERVICE, action, stream, session=name):
            app.logger.warning("sandbox: logs of %s lost: %s", name, problem)
            return
    stock(function, *arguments, **options)


def keep_failure(stock: Any, target_arn: str, name: str, event: Any, result: Json) -> None:
    """Sends a failure as the function's role, if it may; ministack sends it by itself."""
    config = _config(lambda_svc._functions.get(name) or {})
    action = DESTINATION_ACTIONS.get(parse_arn(target_arn).service, "")
    role = config.get("Role", "")
    problem = role_problem(role, SERVICE, action, target_arn, session=name)
    if not problem:
        problem = key_use.send_problem(session_key(role, name), target_arn)
    if problem:
        app.logger.warning("sandbox: failure of %s lost: %s", name, problem)
        return
    stock(target_arn, name, event, result)
