"""moto's tables behind its HTTP front: what a replay reads besides, and its simplest calls.

Those where moto would have nothing to parse are answered here, which halves a replay; and a query
by moto sorts the whole table each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.dynamodb.models.dynamo_type import DynamoType

from tests.support import tables

if TYPE_CHECKING:
    from moto.dynamodb.models import DynamoDBBackend

Json = dict[str, Any]

_BELOW = "digest = :digest AND begins_with(workload, :begin)"


def item(backend: DynamoDBBackend, arguments: Json) -> Json | None:
    """What stands at the key that a call names."""
    table = arguments["TableName"]
    given = arguments.get("Key") or arguments["Item"]
    found = backend.get_item(table, {name: given[name] for name in tables.KEYS[table]})
    return dict(found.to_json()["Attributes"]) if found else None


def answer(backend: DynamoDBBackend, operation: str, arguments: Json) -> Json | None:
    """None for a call that moto has to answer."""
    if operation == "GetItem":
        found = item(backend, arguments)
        return {"Item": found} if found else {}
    if operation == "Query" and arguments["KeyConditionExpression"] == _BELOW:
        return {"Count": _below(backend, arguments)}
    if "ConditionExpression" in arguments:
        return None
    if operation == "PutItem":
        backend.put_item(arguments["TableName"], arguments["Item"])
        return {}
    if operation == "DeleteItem":
        backend.delete_item(arguments["TableName"], arguments["Key"])
        return {}
    return None


def _below(backend: DynamoDBBackend, arguments: Json) -> int:
    assert arguments["Limit"] == 1
    values = arguments["ExpressionAttributeValues"]
    rows = backend.get_table(arguments["TableName"]).items[DynamoType(values[":digest"])]
    begin = values[":begin"]["S"]
    return int(any(str(workload.value).startswith(begin) for workload in rows))
