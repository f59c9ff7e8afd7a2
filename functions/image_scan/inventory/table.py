"""The DynamoDB table behind the inventory: `digest` and `workload` are its keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from image_scan.aws import clients
from image_scan.aws.dynamodb import Key, keyed, marshal, unmarshal, update

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from boto3.dynamodb.conditions import ConditionBase
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "by-workload"
_PAGE = 1000


@dataclass(frozen=True)
class Change:
    """What to set, what to set where it is not there yet, and what to remove."""

    sets: Mapping[str, Any] = field(default_factory=dict)
    first: Mapping[str, Any] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


class InventoryTable:
    """Every method raises AwsUnavailable or AwsRejected when DynamoDB does not do its part."""

    def __init__(self, dynamodb: DynamoDBClient, name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def get(self, digest: str, workload: str) -> dict[str, Any]:
        """The row as it is now; empty when there is none."""
        with clients.calls("dynamodb:GetItem"):
            answer = self._dynamodb.get_item(
                TableName=self._name, Key=_key(digest, workload), ConsistentRead=True
            )
        return unmarshal(answer.get("Item", {}))

    def any(self, digest: str, begin: str) -> bool:
        """Whether a row lies below this key whose workload begins so."""
        key = _below(digest) & Key("workload").begins_with(begin)
        return next(self._pages("query", key, ConsistentRead=True, Limit=1), None) is not None

    def below(self, digest: str) -> Iterator[dict[str, Any]]:
        """Every row below this key, as it is now."""
        return self._pages("query", _below(digest), ConsistentRead=True, Limit=_PAGE)

    def index(self) -> Iterator[dict[str, Any]]:
        """Reads every row of an image and workload, in short."""
        return self._pages("scan", None, IndexName=INDEX)

    def at(self, account_region: str, workload: str) -> Iterator[dict[str, Any]]:
        """Reads what a workload has run, in short."""
        key = Key("account_region").eq(account_region) & Key("workload").eq(_cut(workload, 1024))
        return self._pages("query", key, IndexName=INDEX)

    def put(self, digest: str, workload: str, values: Mapping[str, Any]) -> None:
        with clients.calls("dynamodb:PutItem"):
            item = {**_key(digest, workload), **marshal(values)}
            self._dynamodb.put_item(TableName=self._name, Item=item)

    def delete(self, digest: str, workload: str) -> None:
        with clients.calls("dynamodb:DeleteItem"):
            self._dynamodb.delete_item(TableName=self._name, Key=_key(digest, workload))

    def update(
        self, digest: str, workload: str, change: Change, condition: ConditionBase | None = None
    ) -> dict[str, Any] | None:
        """Changes a row. Returns it as it is then; None where the condition does not hold."""
        arguments = update(change.sets, change.first, change.removed, condition)
        arguments |= {"TableName": self._name, "Key": _key(digest, workload)}
        arguments.pop("ReturnValuesOnConditionCheckFailure", None)
        with clients.calls("dynamodb:UpdateItem"):
            try:
                answer = self._dynamodb.update_item(**arguments, ReturnValues="ALL_NEW")
            except ClientError as error:
                if clients.error_code(error) != "ConditionalCheckFailedException":
                    raise
                return None
        return unmarshal(answer["Attributes"])

    def _pages(
        self, operation: str, key: ConditionBase | None, **arguments: Any
    ) -> Iterator[dict[str, Any]]:
        if key is not None:
            arguments |= keyed(key)
        while True:
            with clients.calls(f"dynamodb:{operation.title()}"):
                answer = getattr(self._dynamodb, operation)(TableName=self._name, **arguments)
            yield from (unmarshal(row) for row in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _below(digest: str) -> ConditionBase:
    return Key("digest").eq(_cut(digest, 2048))


def _key(digest: str, workload: str) -> dict[str, Any]:
    return marshal({"digest": _cut(digest, 2048), "workload": _cut(workload, 1024)})


def _cut(text: str, longest: int) -> str:
    """No longer in bytes than DynamoDB takes as a key."""
    return text.encode()[:longest].decode(errors="ignore")
