"""The DynamoDB table behind the cache: plain values in and out, conditions as outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import ClientError

from image_scan.aws import clients
from image_scan.aws.dynamodb import ConditionFailedError, conditional, marshal, unmarshal, update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boto3.dynamodb.conditions import ConditionBase
    from mypy_boto3_dynamodb import DynamoDBClient

_CONDITION_FAILED = "ConditionalCheckFailedException"


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

    def put(self, item: Mapping[str, Any], condition: ConditionBase | None = None) -> None:
        self._write("PutItem", {"Item": marshal(item), **conditional(condition)})

    def update(self, key: str, changes: Mapping[str, Any], condition: ConditionBase | None) -> None:
        """Sets attributes by document path (`a.b`)."""
        arguments = update(changes, {}, (), condition)
        self._write("UpdateItem", {"Key": marshal({"imageDigest": key}), **arguments})

    def remove(self, key: str, path: str, condition: ConditionBase) -> None:
        """Removes one attribute by its document path (`a.b`)."""
        arguments = update({}, {}, (path,), condition)
        self._write("UpdateItem", {"Key": marshal({"imageDigest": key}), **arguments})

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
                if clients.error_code(error) != _CONDITION_FAILED:
                    raise
                response = cast("dict[str, Any]", error.response)
                raise ConditionFailedError(unmarshal(response.get("Item", {}))) from None
