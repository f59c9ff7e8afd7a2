"""The condition key `dynamodb:LeadingKeys`: the partition keys that a request names.

A batch is checked once for each table, with all keys in it; a transaction once for each item. A
request that names no key, such as a Scan, has no such condition key, and `ForAllValues` then holds.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

import contextvars
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ministack.services import dynamodb

Json = dict[str, Any]

CONDITION_KEY = "dynamodb:leadingkeys"
_ENCLOSED = "dynamodb:EnclosingOperation"  # an item of a transaction has it
_MEMBERS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "Get": "dynamodb:GetItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}


class Named(NamedTuple):
    """A key that a request names. An item of a transaction has an `action` of its own."""

    table: str
    key: str
    action: str = ""


# Of the request that is being checked.
_named: contextvars.ContextVar[list[Named]] = contextvars.ContextVar("named")


def service_context(stock: Any, body: bytes) -> Any:
    """Notes the keys that a request names, for `enforce`; ministack has no such condition key."""
    _named.set(list(named(json.loads(body or b"{}"))))
    return stock(body)


def enforce(
    stock: Any,
    access_key: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: Json | None = None,
) -> Any:
    """Checks calls of DynamoDB with the keys that they name; ministack lets any key pass."""
    context = dict(service_context or {})
    if service == "dynamodb" and CONDITION_KEY not in context:
        keys = _keys(action, _name(resource_arn), is_enclosed=_ENCLOSED in context)
        context |= {CONDITION_KEY: keys} if keys else {}
    return stock(access_key, action, service, region, resource_arn, context)


def facts(data: Json) -> Json:
    """Returns the condition key of a call of one table that has no request of its own."""
    keys = [each.key for each in named(data)]
    return {CONDITION_KEY: keys} if keys else {}


def _keys(action: str, table: str, *, is_enclosed: bool) -> list[str]:
    every = _named.get([])
    if not is_enclosed:
        return [each.key for each in every if each.table == table]
    ours = next((each for each in every if (each.table, each.action) == (table, action)), None)
    if ours is None:
        return []
    every.remove(ours)  # the next check is of the next item
    return [ours.key]


def named(data: Json) -> Iterator[Named]:
    """Finds the partition keys that a request names."""
    for table, entries in data.get("RequestItems", {}).items():
        for item in _of_batch(entries):
            yield from _key(table, item)
    for entry in data.get("TransactItems", []):
        for member, detail in entry.items():
            item = detail.get("Key") or detail.get("Item") or {}
            yield from _key(detail.get("TableName", ""), item, _MEMBERS.get(member, ""))
    if table := data.get("TableName"):
        yield from _key(table, data.get("Key") or data.get("Item") or _queried(data))


def _of_batch(entries: Any) -> list[Json]:
    """Items of a BatchWriteItem, or keys of a BatchGetItem, of one table."""
    if isinstance(entries, dict):
        return list(entries.get("Keys", []))
    requests = [each.get("PutRequest") or each.get("DeleteRequest") or {} for each in entries]
    return [each.get("Item") or each.get("Key") or {} for each in requests]


def _key(table: str, item: Json, action: str = "") -> Iterator[Named]:
    name = _name(table)
    attribute = (dynamodb._tables.get(name) or {}).get("pk_name", "")
    if value := item.get(attribute, item.get("")):
        yield Named(name, str(next(iter(value.values()))), action)


_EQUAL = re.compile(r"([#\w]+)\s*=\s*(:\w+)")


def _queried(data: Json) -> Json:
    """The partition key that a Query names, of the table or its index, under an empty name."""
    table = dynamodb._tables.get(_name(data["TableName"])) or {}
    indexes = {each["IndexName"]: each for each in table.get("GlobalSecondaryIndexes", [])}
    schema = indexes.get(data.get("IndexName"), table).get("KeySchema", [])
    attribute = next((each["AttributeName"] for each in schema if each["KeyType"] == "HASH"), "")
    names, values = (data.get(f"ExpressionAttribute{each}", {}) for each in ("Names", "Values"))
    for name, value in _EQUAL.findall(data.get("KeyConditionExpression", "")):
        if names.get(name, name) == attribute and value in values:
            return {"": values[value]}
    return {}


def _name(table: str) -> str:
    """The name of a table, from it or from an ARN of it or its index."""
    return table.partition(":table/")[2].partition("/")[0] or table
