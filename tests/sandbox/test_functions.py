"""Lambda functions fail, see and may what they do on AWS."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account, allow, eventually, zipped

PROBE = """
import importlib.util, json, os, sys
def handler(event, context):
    return {
        "environment": dict(os.environ),
        "path": sys.path,
        "found": {name: bool(importlib.util.find_spec(name)) for name in event["modules"]},
        "pid": os.getpid(),
        "version": __import__("botocore").__version__,
        "left": context.get_remaining_time_in_millis(),
    }
"""
FAILING = """
import os
class ScanPending(Exception):
    pass
def handler(event, context):
    if event.get("fail"):
        raise ScanPending("come back")
    if event.get("die"):
        os._exit(1)
    return os.getpid()
"""
COUNTING = """
import os
imported_with, calls = os.environ["GIVEN"], []
def handler(event, context):
    calls.append(1)
    if event.get("die"):
        os._exit(1)
    return [imported_with, os.environ["_HANDLER"], len(calls), os.getpid()]
def other(event, context):
    return handler(event, context)
"""


def invoke(account: Account, name: str, payload: Any) -> tuple[Any, str | None]:
    answer = account.client("lambda").invoke(FunctionName=name, Payload=json.dumps(payload))
    return json.load(answer["Payload"]), answer.get("FunctionError")


def test_an_error_keeps_its_class_and_the_worker_its_life(account: Account) -> None:
    account.function("f", FAILING)
    pid, _ = invoke(account, "f", {})
    error, kind = invoke(account, "f", {"fail": True})
    assert kind == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ScanPending", "come back")
    assert "raise ScanPending" in "".join(error["stackTrace"])
    assert invoke(account, "f", {}) == (pid, None)


def test_a_process_that_exits_is_an_exit_error(account: Account) -> None:
    account.function("f", FAILING)
    error, _ = invoke(account, "f", {"die": True})
    assert error["errorType"] == "Runtime.ExitError"


def test_each_environment_begins_as_its_module_was_imported(account: Account) -> None:
    stated = {"Variables": {"GIVEN": "first"}}
    account.function("f", COUNTING, Environment=stated)
    first = invoke(account, "f", {})[0]
    assert first[:3] == ["first", "main.handler", 1]
    assert invoke(account, "f", {})[0] == ["first", "main.handler", 2, first[3]]
    invoke(account, "f", {"die": True})
    second = invoke(account, "f", {})[0]
    assert second[:3] == ["first", "main.handler", 1]
    assert second[3] != first[3]


def test_what_is_configured_again_is_imported_again(account: Account) -> None:
    functions = account.client("lambda")
    account.function("f", COUNTING, Environment={"Variables": {"GIVEN": "first"}})
    invoke(account, "f", {})
    functions.update_function_configuration(
        FunctionName="f", Handler="main.other", Environment={"Variables": {"GIVEN": "second"}}
    )
    assert invoke(account, "f", {})[0][:3] == ["second", "main.other", 1]
    archive = zipped("def other(event, context): return 'new code'\n")
    functions.update_function_code(FunctionName="f", ZipFile=archive)
    assert invoke(account, "f", {})[0] == "new code"


@pytest.mark.parametrize("line", ["import os; os._exit(3)", "raise SystemExit(3)", "1 / 0"])
def test_a_module_that_ends_its_process_is_an_error_each_time(account: Account, line: str) -> None:
    account.function("f", f"{line}\ndef handler(event, context): pass\n")
    account.function("well", "def handler(event, context): return 1\n")
    for _ in range(2):
        assert invoke(account, "f", {})[1] == "Unhandled"
    assert invoke(account, "well", {}) == (1, None)


def test_a_dependency_missing_from_the_zip_is_missing(account: Account) -> None:
    account.function("f", "import hypercorn\ndef handler(event, context): pass\n")
    error, _ = invoke(account, "f", {})
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert "hypercorn" in error["errorMessage"]


@pytest.mark.held("the sandbox")
def test_a_worker_sees_the_sdk_and_its_own_environment_alone(account: Account) -> None:
    account.function("f", PROBE, Timeout=9, Environment={"Variables": {"LOG_LEVEL": "DEBUG"}})
    modules = ["boto3", "urllib3", "dateutil", "ministack", "hypercorn", "yaml", "pip", "sandbox"]
    seen, _ = invoke(account, "f", {"modules": modules})
    assert [name for name in modules if seen["found"][name]] == ["boto3", "urllib3", "dateutil"]
    environment = seen["environment"]
    assert environment["LOG_LEVEL"] == "DEBUG"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/f"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    host = {"HOME", "PYTHONPATH", "AUTH", "GATEWAY_PORT", "SFN_WAIT_SCALE", "MINISTACK_HOST"}
    assert not host & set(environment)
    assert 8000 < seen["left"] <= 9000


def test_a_role_that_lambda_may_not_assume_runs_nothing(account: Account) -> None:
    role = account.role("wrong", "ec2")
    account.function("f", FAILING, role)
    error, kind = invoke(account, "f", {})
    assert (kind, error["errorType"]) == ("Unhandled", "AccessDeniedException")


@pytest.mark.parametrize("logging", [True, False])
def test_logs_need_permission(account: Account, logging: bool) -> None:
    policy = allow("logs:*") if logging else allow("s3:ListBucket")
    account.function("f", FAILING, account.role("f", "lambda", policy))
    invoke(account, "f", {"fail": True})
    groups = account.client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == (["/aws/lambda/f"] if logging else [])


def test_it_is_noted_what_a_role_was_allowed(account: Account) -> None:
    name = f"noted-{account.id}"
    account.function("f", FAILING, account.role(name, "lambda", allow("logs:*")))
    invoke(account, "f", {})
    used = account.aws.ask("/_sandbox/permissions")["used"]
    actions = {action for role, action, _resource in used if role == name}
    assert actions == {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}


def test_what_a_function_logs_is_there_once(account: Account) -> None:
    code = "import logging\ndef handler(event, context): logging.warning('a word')\n"
    account.function("f", code)
    invoke(account, "f", {})
    events = account.client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
    assert "".join(each["message"] for each in events).count("a word") == 1


@pytest.mark.parametrize("permitted", [True, False])
def test_an_async_failure_goes_to_its_destination(account: Account, permitted: bool) -> None:
    url, arn = account.queue("failed")
    _, dlq = account.queue("dlq")
    policy = allow("sqs:SendMessage", resource=arn if permitted else dlq)
    function = account.function("f", FAILING, account.role("f", "lambda", policy))
    account.client("lambda").put_function_event_invoke_config(
        FunctionName="f",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    account.client("lambda").add_permission(
        FunctionName="f",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=account.rule(
            "r", {"source": ["mine"]}, {"Arn": function, "InputPath": "$.detail"}
        ),
    )
    put(account, {"fail": True})
    if permitted:
        stored = json.loads(account.message(url)["Body"])
        assert stored["requestContext"]["condition"] == "RetriesExhausted"
        assert stored["requestPayload"] == {"fail": True}
        assert stored["responsePayload"]["errorType"] == "ScanPending"
    else:
        eventually(lambda: "failure of f lost" in account.aws.log.read_text())
        assert account.messages(url) == []


def put(account: Account, detail: Any) -> None:
    entry = {"Source": "mine", "DetailType": "test", "Detail": json.dumps(detail)}
    answer = account.client("events").put_events(Entries=[entry])
    assert not answer["FailedEntryCount"]


def test_the_quota_of_an_account_is_that_of_aws(account: Account) -> None:
    """And not how many functions the machine runs at once, which is ten here."""
    client = account.client("lambda")
    account.function("f", FAILING)
    limits = client.get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (1000,) * 2
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=900)
    assert client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 100


@pytest.mark.parametrize(
    ("action", "may"), [("PutFunctionEventInvokeConfig", True), ("UpdateFunctionCode", False)]
)
def test_each_request_is_checked_for_its_own_action(
    account: Account, action: str, may: bool
) -> None:
    account.function("f", FAILING)
    user = account.aws.create_user("operator", allow(f"lambda:{action}"), account.id)
    asking = account.client("lambda", user)
    if may:
        asking.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    else:
        with pytest.raises(ClientError, match="lambda:PutFunctionEventInvokeConfig"):
            asking.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
