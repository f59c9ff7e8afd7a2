"""A table of DynamoDB: plain values in and out, conditions as boto3 builds them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, cast

from boto3.dynamodb.conditions import Attr, ConditionExpressionBuilder, Key
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from image_scan.aws import clients

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from boto3.dynamodb.conditions import ConditionBase
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = [
    "Attr",
    "Change",
    "ConditionFailedError",
    "Item",
    "Key",
    "KeyedTable",
    "Table",
    "marshal",
    "unmarshal",
]

Item = dict[str, Any]
_CONDITION_FAILED = "ConditionalCheckFailedException"


class ConditionFailedError(Exception):
    """A conditional write was not made; `item` is what stands there, empty when nothing does."""

    def __init__(self, item: Item) -> None:
        super().__init__("condition failed")
        self.item = item


@dataclass(frozen=True)
class Change:
    """What to set, what to set where it is not there yet, what to remove, and how much to add to a
    number. A path may have two steps: `a.b`."""

    sets: Mapping[str, Any] = field(default_factory=dict)
    first: Mapping[str, Any] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    added: Mapping[str, int] = field(default_factory=dict)


class Table:
    """Every method raises AwsUnavailable or AwsRejected when DynamoDB does not answer or refuses,
    and the conditional ones ConditionFailedError."""

    def __init__(self, dynamodb: DynamoDBClient, name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def get_item(self, key: Item, *, consistent: bool = True) -> Item:
        """The item, expired or not; empty when there is none. As it is now if `consistent`, else
        as it was a moment ago, for half the price."""
        found = self._call("GetItem", Key=marshal(key), ConsistentRead=consistent)
        return unmarshal(found.get("Item", {}))

    def put_item(self, item: Mapping[str, Any], condition: ConditionBase | None = None) -> None:
        self._call("PutItem", Item=marshal(item), **_conditional(condition))

    def update_item(self, key: Item, change: Change, condition: ConditionBase | None) -> Item:
        """Returns the item as it is then."""
        arguments = _changing(change, condition)
        answer = self._call("UpdateItem", Key=marshal(key), ReturnValues="ALL_NEW", **arguments)
        return unmarshal(answer["Attributes"])

    def delete_item(self, key: Item) -> None:
        self._call("DeleteItem", Key=marshal(key))

    def query(self, key: ConditionBase, **arguments: Any) -> Iterator[Item]:
        built = ConditionExpressionBuilder().build_expression(key, is_key_condition=True)
        return self._pages(
            "Query",
            KeyConditionExpression=built.condition_expression,
            ExpressionAttributeNames=built.attribute_name_placeholders,
            ExpressionAttributeValues=marshal(built.attribute_value_placeholders),
            **arguments,
        )

    def scan(self, **arguments: Any) -> Iterator[Item]:
        return self._pages("Scan", **arguments)

    def _pages(self, operation: str, **arguments: Any) -> Iterator[Item]:
        while True:
            answer = self._call(operation, **arguments)
            yield from unmarshal_all(answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _call(self, operation: str, **arguments: Any) -> Item:
        calls = {
            "GetItem": self._dynamodb.get_item,
            "PutItem": self._dynamodb.put_item,
            "UpdateItem": self._dynamodb.update_item,
            "DeleteItem": self._dynamodb.delete_item,
            "Query": self._dynamodb.query,
            "Scan": self._dynamodb.scan,
        }
        with clients.calls(f"dynamodb:{operation}"):
            try:
                return cast(
                    "Item", cast("Any", calls[operation])(TableName=self._name, **arguments)
                )
            except ClientError as error:
                if clients.error_code(error) != _CONDITION_FAILED:
                    raise
                response = cast("Item", error.response)
                raise ConditionFailedError(unmarshal(response.get("Item", {}))) from None


class KeyedTable(Table):
    """A table of which one attribute, `KEY`, is the whole key."""

    KEY: ClassVar[str]

    def get(self, key: str, *, consistent: bool = True) -> Item | None:
        """The item, expired or not."""
        return self.get_item({self.KEY: key}, consistent=consistent) or None

    def put(self, item: Mapping[str, Any], condition: ConditionBase | None = None) -> None:
        self.put_item(item, condition)

    def update(self, key: str, changes: Mapping[str, Any], condition: ConditionBase | None) -> Item:
        """Returns the item as it is then, as `change` does."""
        return self.change(key, Change(changes), condition)

    def change(self, key: str, change: Change, condition: ConditionBase | None) -> Item:
        return self.update_item({self.KEY: key}, change, condition)

    def delete(self, key: str) -> None:
        self.delete_item({self.KEY: key})


def _conditional(condition: ConditionBase | None) -> Item:
    if condition is None:
        return {}
    built = ConditionExpressionBuilder().build_expression(condition)
    arguments = {
        "ConditionExpression": built.condition_expression,
        "ExpressionAttributeNames": built.attribute_name_placeholders,
        "ExpressionAttributeValues": marshal(built.attribute_value_placeholders),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    # DynamoDB refuses an empty map of either kind.
    return {name: value for name, value in arguments.items() if value}


def _changing(change: Change, condition: ConditionBase | None) -> Item:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}

    def path(attribute: str) -> str:
        steps = attribute.split(".", 1)
        shown = [f"#u{len(names) + depth}" for depth in range(len(steps))]
        names.update(zip(shown, steps, strict=True))
        return ".".join(shown)

    def value(given: Any) -> str:
        values[name := f":u{len(values)}"] = given
        return name

    written = [f"{path(name)} = {value(each)}" for name, each in change.sets.items()]
    for name, each in change.first.items():
        written.append(f"{(shown := path(name))} = if_not_exists({shown}, {value(each)})")
    clauses = [f"SET {', '.join(written)}"] if written else []
    if change.removed:
        clauses.append(f"REMOVE {', '.join(path(name) for name in change.removed)}")
    if change.added:
        adding = (f"{path(name)} {value(each)}" for name, each in change.added.items())
        clauses.append(f"ADD {', '.join(adding)}")
    arguments = _conditional(condition)
    for name, more in (("Names", names), ("Values", marshal(values))):
        if merged := {**arguments.get(f"ExpressionAttribute{name}", {}), **more}:
            arguments[f"ExpressionAttribute{name}"] = merged
    return {**arguments, "UpdateExpression": " ".join(clauses)}


def marshal(values: Mapping[str, Any]) -> Item:
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in values.items()}


def unmarshal(item: Mapping[str, Any]) -> Item:
    return unmarshal_all([item])[0]


def unmarshal_all(items: Iterable[Mapping[str, Any]]) -> list[Item]:
    """Returns plain values. The items have the names of attributes in common: of hundreds of
    thousands, these would take most of the memory."""
    deserialize = TypeDeserializer().deserialize
    plain = [{name: deserialize(value) for name, value in item.items()} for item in items]
    # DynamoDB's numbers come as Decimal; every one of ours is a whole number.
    return cast("list[Item]", json.loads(json.dumps(plain, default=int)))
