"""The services that our state machines call without a function."""

import json
from typing import Any

import pytest

from tests.sandbox.account import Account


@pytest.mark.parametrize("body", ["plain", {"deep": {"er": [1]}}], ids=["text", "object"])
def test_sqs_messages_with_attributes(account: Account, body: Any) -> None:
    url, _arn = account.queue("stored")
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {
            "QueueUrl": url,
            "MessageBody": "{% $states.context.Execution.Input.body %}",
            "MessageAttributes": {
                "Error": {"DataType": "String", "StringValue": "{% $states.context.Execution.Id %}"}
            },
        },
        "End": True,
    }
    ended = account.run({"StartAt": "Only", "States": {"Only": send}}, {"body": body})
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    message = account.message(url)
    assert message["Body"] == (body if isinstance(body, str) else json.dumps(body))
    assert message["MessageAttributes"]["Error"]["StringValue"] == ended["executionArn"]


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        ("dynamodb:deleteItem", "DynamoDB.ConditionalCheckFailedException"),
        ("aws-sdk:dynamodb:deleteItem", "DynamoDb.ConditionalCheckFailedException"),
    ],
)
def test_conditional_delete(account: Account, resource: str, error: str) -> None:
    table = account.client("dynamodb")
    table.create_table(
        TableName="leases",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.put_item(TableName="leases", Item={"key": {"S": "k"}, "owner": {"S": "me"}})
    delete = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{resource}",
        "Arguments": {
            "TableName": "leases",
            "Key": {"key": {"S": "{% $states.input.key %}"}},
            "ConditionExpression": "#owner = :owner",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":owner": {"S": "{% $states.input.owner %}"}},
        },
        "End": True,
    }
    machine = account.machine("free", {"StartAt": "Only", "States": {"Only": delete}})
    other = account.ended(account.start(machine, {"key": "k", "owner": "you"}))
    assert (other["status"], other["error"]) == ("FAILED", error)
    assert account.ended(account.start(machine, {"key": "k", "owner": "me"}))["status"] == (
        "SUCCEEDED"
    )
    assert "Item" not in table.get_item(TableName="leases", Key={"key": {"S": "k"}})


def test_nested_start_names_are_unique(account: Account) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}
    child = account.machine("child", wait)
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Arguments": {
            "StateMachineArn": child,
            "Name": "{% $states.input.name %}",
            "Input": {"n": "{% $states.input.n %}"},
        },
        "Retry": [
            {
                "ErrorEquals": ["StepFunctions.ExecutionLimitExceededException"],
                "MaxAttempts": 2,
            },
            {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1},
        ],
        "Output": "{% $states.result.ExecutionArn %}",
        "End": True,
    }
    parent = account.machine("parent", {"StartAt": "Only", "States": {"Only": start}})
    first = account.ended(account.start(parent, {"name": "one", "n": 1}))
    nested = json.loads(first["output"])
    assert json.loads(account.ended(nested)["input"]) == {"n": 1}
    again = account.ended(account.start(parent, {"name": "one", "n": 2}))
    assert again["error"] == "StepFunctions.ExecutionAlreadyExistsException"
