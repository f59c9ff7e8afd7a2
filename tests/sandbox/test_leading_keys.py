"""A policy may allow some keys of a table: each kind of request is then refused for any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.sandbox.account import Account, Json

TABLE = "state"
OURS, OTHERS = "mine#1", "yours#1"


def statement(actions: list[str], keys: str, resource: str = "*") -> Json:
    like = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [keys]}}
    return {"Effect": "Allow", "Action": actions, "Resource": resource, "Condition": like}


def policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def create(account: Account) -> None:
    names = ("key", "part", "area")
    account.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[
            {"AttributeName": "key", "KeyType": "HASH"},
            {"AttributeName": "part", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-area",
                "KeySchema": [{"AttributeName": "area", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def client(account: Account, document: Json) -> Any:
    return account.client("dynamodb", account.aws.create_user("reader", document, account.id))


def item(key: str) -> Json:
    return {"key": {"S": key}, "part": {"S": "a"}}


def query(condition: str, key: str, **others: Any) -> Json:
    values = {":key": {"S": key}, ":part": {"S": "a"}}
    return {
        "TableName": TABLE,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": {"#key": "area" if "IndexName" in others else "key"},
        "ExpressionAttributeValues": {k: v for k, v in values.items() if k in condition},
        **others,
    }


def batch(kind: str, *keys: str) -> Json:
    if kind == "get":
        return {"RequestItems": {TABLE: {"Keys": [item(key) for key in keys]}}}
    requests: list[Json] = [{"PutRequest": {"Item": item(key)}} for key in keys[:-1]]
    return {"RequestItems": {TABLE: [*requests, {"DeleteRequest": {"Key": item(keys[-1])}}]}}


def transaction(member: str, field: str, *keys: str) -> Json:
    items = [{"TableName": TABLE, field: item(key)} for key in dict.fromkeys(keys)]
    return {"TransactItems": [{member: each} for each in items]}


CALLS: dict[str, Any] = {
    "get_item": lambda *keys: {"TableName": TABLE, "Key": item(keys[-1])},
    "put_item": lambda *keys: {"TableName": TABLE, "Item": item(keys[-1])},
    "update_item": lambda *keys: {"TableName": TABLE, "Key": item(keys[-1])},
    "delete_item": lambda *keys: {"TableName": TABLE, "Key": item(keys[-1])},
    "query": lambda *keys: query("part = :part AND #key = :key", keys[-1]),
    "query of an index": lambda *keys: query("#key = :key", keys[-1], IndexName="by-area"),
    "batch_get_item": lambda *keys: batch("get", *dict.fromkeys(keys)),
    "batch_write_item": lambda *keys: batch("write", *dict.fromkeys(keys)),
    "transact_get_items": lambda *keys: transaction("Get", "Key", *keys),
    "transact_write_items": lambda *keys: transaction("Put", "Item", *keys),
}


def refused(table: Any, call: str, *keys: str) -> bool:
    try:
        getattr(table, call.partition(" ")[0])(**CALLS[call](*keys))
    except ClientError as error:
        return "AccessDenied" in str(error)
    return False


@pytest.mark.attack(12)
@pytest.mark.parametrize("call", CALLS)
def test_a_request_is_refused_for_keys_that_its_policy_does_not_name(
    account: Account, call: str
) -> None:
    create(account)
    table = client(account, policy(statement(["dynamodb:*"], "mine#*")))
    assert not refused(table, call, OURS, OURS)
    assert refused(table, call, OURS, OTHERS)


def test_each_item_of_a_transaction_may_have_a_statement_of_its_own(account: Account) -> None:
    """A batch is one request for a table: one statement has to allow all of its keys."""
    create(account)
    each = (statement(["dynamodb:*"], prefix) for prefix in ("mine#*", "yours#*"))
    table = client(account, policy(*each))
    assert not refused(table, "transact_write_items", OURS, OTHERS)
    assert refused(table, "transact_write_items", OURS, "theirs#1")
    assert refused(table, "batch_write_item", OURS, OTHERS)


def test_a_scan_names_no_key(account: Account) -> None:
    """So `ForAllValues` holds, and a policy must not allow the action."""
    create(account)
    table = client(account, policy(statement(["dynamodb:Scan"], "mine#*")))
    assert table.scan(TableName=TABLE)["Items"] == []


@pytest.mark.parametrize(("key", "status"), [(OURS, "SUCCEEDED"), (OTHERS, "FAILED")])
def test_a_machine_is_refused_too(account: Account, key: str, status: str) -> None:
    create(account)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:updateItem",
        "Arguments": {"TableName": TABLE, "Key": item(key)},
        "End": True,
    }
    role = account.role("m", "states", policy(statement(["dynamodb:UpdateItem"], "mine#*")))
    machine = account.machine("m", {"StartAt": "Write", "States": {"Write": task}}, role)
    ended = account.ended(account.start(machine))
    assert (ended["status"], "AccessDenied" in ended.get("cause", "")) == (status, key == OTHERS)
