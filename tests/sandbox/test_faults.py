"""Faults on purpose: at a rate, the same for the same seed, and none unless they are asked for."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.account import Account, Json, allow, eventually
from tests.sandbox.events import put

CALLS = """
import boto3
from botocore.config import Config
once = Config(retries={"total_max_attempts": 1})
def handler(event, context):
    client = boto3.client("dynamodb", config=once)
    try:
        client.put_item(TableName="items", Item={"k": {"S": event["key"]}})
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "done"
"""
Configure = Callable[..., Json]


@pytest.fixture
def configure(account: Account) -> Iterator[Configure]:
    """Sets a rate of faults, or reads their counts."""
    yield lambda **given: account.aws.ask("/_sandbox/faults", given or None)
    account.aws.ask("/_sandbox/faults", {"seed": 0, "rate": 0.0})


@pytest.fixture
def caller(account: Account) -> Callable[[str], Any]:
    """A function that writes an item; what it answers."""
    account.client("dynamodb").create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    account.function("f", CALLS, account.role("writer", "lambda", allow("dynamodb:PutItem")))

    def call(key: str) -> Any:
        answer = account.client("lambda").invoke(FunctionName="f", Payload=json.dumps({"key": key}))
        stated = json.load(answer["Payload"])
        return stated["errorType"] if "FunctionError" in answer else stated

    return call


def test_without_a_rate_nothing_fails(caller: Callable[[str], Any], configure: Configure) -> None:
    assert {caller(str(n)) for n in range(5)} == {"done"}
    assert configure()["counts"] == {}


def test_functions_and_their_calls_fail_in_every_way(
    account: Account, caller: Callable[[str], Any], configure: Configure
) -> None:
    configure(seed=7, rate=0.7)
    answers = Counter(caller(str(n)) for n in range(60))
    counts = configure()["counts"]
    configure(seed=0, rate=0.0)
    ends = {"Runtime.ExitError", "Sandbox.Timedout"}
    assert set(answers) == ends | {"done", "ThrottlingException", "InternalServerError"}
    assert counts["Lambda: throttled"] > 0  # after which the SDK asks again
    assert answers["ThrottlingException"] <= counts["AWS dynamodb: throttled"]
    # What is lost is the answer: the item is there, and so it is after the work of a function
    # that died at its end.
    items = account.client("dynamodb").scan(TableName="items")["Count"]
    assert items > answers["done"]
    assert counts["AWS dynamodb: answer lost"] > 0
    assert counts["Lambda: killed at the end"] > 0


def test_lambda_runs_a_function_that_is_spared(
    caller: Callable[[str], Any], configure: Configure
) -> None:
    configure(seed=7, rate=0.7, spared="f")
    answers = {caller(str(n)) for n in range(20)}
    assert answers == {"done", "ThrottlingException", "InternalServerError"}
    assert not [kind for kind in configure()["counts"] if kind.startswith("Lambda")]


def test_a_seed_decides_what_fails(caller: Callable[[str], Any], configure: Configure) -> None:
    runs = []
    for _ in range(2):
        configure(seed=3, rate=0.5)
        runs.append([caller(str(n)) for n in range(15)])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) > 2


def test_what_a_machine_asks_fails_by_its_name(account: Account, configure: Configure) -> None:
    url, _ = account.queue("q")
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {"QueueUrl": url, "MessageBody": "hello"},
        "End": True,
    }
    machine = account.machine("m", {"StartAt": "S", "States": {"S": send}})
    configure(seed=5, rate=0.9)
    ended = [account.ended(account.start(machine)) for _ in range(12)]
    counts = configure()["counts"]
    failed = [each for each in ended if each["status"] == "FAILED"]
    assert {each["error"] for each in failed} == {"SQS.AmazonSQSException"}
    assert len(failed) == counts["task: failed"] + counts["task: answer lost"]
    assert len(account.messages(url)) == 12 - counts["task: failed"]


def test_deliveries_come_late_or_twice_or_are_refused(
    account: Account, configure: Configure
) -> None:
    arn = f"arn:aws:sqs:us-east-1:{account.id}:dlq"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    url, dlq = account.queue("dlq", {"Version": "2012-10-17", "Statement": [statement]})
    machine = account.machine("m", {"StartAt": "P", "States": {"P": {"Type": "Succeed"}}})
    role = account.role("start", "events", allow("states:StartExecution", resource=machine))
    target = {"Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": dlq}}
    account.rule("start", {"source": ["mine"]}, target)
    configure(seed=2, rate=0.9)
    for _ in range(12):
        put(account)
    counts = configure()["counts"]
    assert set(counts) == {f"EventBridge: {kind}" for kind in ("late", "twice", "refused")}
    due = 12 - counts["EventBridge: refused"] + counts["EventBridge: twice"]
    states = account.client("stepfunctions")
    eventually(lambda: len(states.list_executions(stateMachineArn=machine)["executions"]) == due)
    assert len(account.messages(url)) == counts["EventBridge: refused"]
