"""DynamoDB's items as plain values, and its conditions as boto3 builds them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.conditions import Attr, ConditionExpressionBuilder, Key
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boto3.dynamodb.conditions import ConditionBase


__all__ = ["Attr", "ConditionFailedError", "Key", "conditional", "keyed", "update"]


class ConditionFailedError(Exception):
    """A conditional write was not made; `item` is what stands there, empty when nothing does."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__("condition failed")
        self.item = item


def conditional(condition: ConditionBase | None) -> dict[str, Any]:
    """Returns the arguments of a write that is made only if the condition holds."""
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


def keyed(condition: ConditionBase) -> dict[str, Any]:
    """Returns the arguments of a query."""
    built = ConditionExpressionBuilder().build_expression(condition, is_key_condition=True)
    return {
        "KeyConditionExpression": built.condition_expression,
        "ExpressionAttributeNames": built.attribute_name_placeholders,
        "ExpressionAttributeValues": marshal(built.attribute_value_placeholders),
    }


def update(
    sets: Mapping[str, Any],
    first: Mapping[str, Any],
    removed: tuple[str, ...],
    condition: ConditionBase | None,
) -> dict[str, Any]:
    """Returns the arguments of an update: what to set, what to set where it is not there yet, and
    what to remove. A path may have two steps: `a.b`."""
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

    written = [f"{path(name)} = {value(each)}" for name, each in sets.items()]
    for name, each in first.items():
        written.append(f"{(shown := path(name))} = if_not_exists({shown}, {value(each)})")
    clauses = [f"SET {', '.join(written)}"] if written else []
    clauses += [f"REMOVE {', '.join(path(name) for name in removed)}"] if removed else []
    arguments = conditional(condition)
    arguments["UpdateExpression"] = " ".join(clauses)
    arguments["ExpressionAttributeNames"] = {
        **arguments.get("ExpressionAttributeNames", {}),
        **names,
    }
    if values:
        known = arguments.get("ExpressionAttributeValues", {})
        arguments["ExpressionAttributeValues"] = {**known, **marshal(values)}
    return arguments


def marshal(values: Mapping[str, Any]) -> dict[str, Any]:
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in values.items()}


def unmarshal(item: Mapping[str, Any]) -> dict[str, Any]:
    deserialize = TypeDeserializer().deserialize
    plain = {name: deserialize(value) for name, value in item.items()}
    # DynamoDB's numbers come as Decimal; every one of ours is a whole number.
    return cast("dict[str, Any]", json.loads(json.dumps(plain, default=int)))
