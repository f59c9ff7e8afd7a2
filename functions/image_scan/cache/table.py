"""The DynamoDB table behind the cache: plain values in and out, conditions as outcomes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from image_scan.aws import clients
from image_scan.errors import ItemTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

_TOO_LARGE = "maximum allowed size"
_CONDITION_FAILED = "ConditionalCheckFailedException"


class ConditionFailedError(Exception):
    """A conditional write was not made; `item` is what stands there, empty when nothing does."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__("condition failed")
        self.item = item


class CacheTable:
    """One table with the hash key `imageDigest`.

    Every method raises AwsUnavailable or AwsRejected when DynamoDB does not answer or refuses, and
    the conditional ones ConditionFailedError.
    """

    def __init__(self, dynamodb: DynamoDBClient, name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def get(self, key: str) -> dict[str, Any] | None:
        """The item as it is now, expired or not."""
        with clients.calls("dynamodb:GetItem"):
            answer = self._dynamodb.get_item(
                TableName=self._name, Key=marshal({"imageDigest": key}), ConsistentRead=True
            )
        return unmarshal(answer["Item"]) if "Item" in answer else None

    def put(self, item: Mapping[str, Any], condition: str = "", **values: Any) -> None:
        arguments: dict[str, Any] = {"Item": marshal(item)}
        if condition:
            arguments |= _condition(condition, values)
        self._write("PutItem", arguments)

    def update(self, key: str, changes: Mapping[str, Any], condition: str, **values: Any) -> None:
        """Sets attributes by document path (`a.b`)."""
        names: dict[str, str] = {}
        sets = []
        for number, (path, value) in enumerate(changes.items()):
            steps = path.split(".", 1)
            names |= {f"#set{number}_{depth}": step for depth, step in enumerate(steps)}
            shown = ".".join(f"#set{number}_{depth}" for depth in range(len(steps)))
            sets.append(f"{shown} = :set{number}")
            values[f"set{number}"] = value
        arguments = _condition(condition, values, names)
        keyed = {"Key": marshal({"imageDigest": key}), "UpdateExpression": f"SET {', '.join(sets)}"}
        self._write("UpdateItem", arguments | keyed)

    def remove(self, key: str, path: str, condition: str, **values: Any) -> None:
        """Removes one attribute by its document path (`a.b`)."""
        steps = path.split(".", 1)
        names = {f"#step{depth}": step for depth, step in enumerate(steps)}
        arguments = _condition(condition, values, names)
        shown = ".".join(f"#step{depth}" for depth in range(len(steps)))
        keyed = {"Key": marshal({"imageDigest": key}), "UpdateExpression": f"REMOVE {shown}"}
        self._write("UpdateItem", arguments | keyed)

    def delete(self, key: str) -> None:
        self._write("DeleteItem", {"Key": marshal({"imageDigest": key})})

    def _write(
        self, operation: Literal["PutItem", "UpdateItem", "DeleteItem"], arguments: dict[str, Any]
    ) -> None:
        writes = {
            "PutItem": self._dynamodb.put_item,
            "UpdateItem": self._dynamodb.update_item,
            "DeleteItem": self._dynamodb.delete_item,
        }
        with clients.calls(f"dynamodb:{operation}"):
            try:
                cast("Any", writes[operation])(TableName=self._name, **arguments)
            except ClientError as error:
                if _TOO_LARGE in str(error):
                    raise ItemTooLarge(f"dynamodb:{operation}: {_TOO_LARGE}") from None
                if clients.error_code(error) != _CONDITION_FAILED:
                    raise
                response = cast("dict[str, Any]", error.response)
                raise ConditionFailedError(unmarshal(response.get("Item", {}))) from None


def _condition(
    expression: str, values: Mapping[str, Any], names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A condition's arguments; `ttl`, `status` and `owner` are reserved words, hence their `#`."""
    reserved = {f"#{name}": name for name in ("ttl", "status", "owner") if f"#{name}" in expression}
    arguments: dict[str, Any] = {
        "ConditionExpression": expression,
        "ExpressionAttributeNames": {**reserved, **(names or {})},
        "ExpressionAttributeValues": marshal({f":{name}": v for name, v in values.items()}),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    # DynamoDB refuses an empty map of either kind.
    return {name: value for name, value in arguments.items() if value}


def marshal(values: Mapping[str, Any]) -> dict[str, Any]:
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in values.items()}


def unmarshal(item: Mapping[str, Any]) -> dict[str, Any]:
    deserialize = TypeDeserializer().deserialize
    plain = {name: deserialize(value) for name, value in item.items()}
    # DynamoDB's numbers come as Decimal; every one of ours is a whole number.
    return cast("dict[str, Any]", json.loads(json.dumps(plain, default=int)))
