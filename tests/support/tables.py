"""The tables of an installation, for moto."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from moto.core.serialize import BaseJSONSerializer

# moto hides this module's content from mypy.
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.validators import ActionCountValidator

if TYPE_CHECKING:
    from moto.core.model import StructureShape
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.literals import KeyTypeType
    from mypy_boto3_dynamodb.type_defs import (
        GlobalSecondaryIndexUnionTypeDef,
        KeySchemaElementTypeDef,
    )

Json = dict[str, Any]
_MOTO = pytest.MonkeyPatch()  # for all tests: nothing undoes it

# For each update moto reads the expression twice, and counts the clauses below every part of it,
# which is near half of its time. Those below the whole are all of them.
_MOTO.setattr(UpdateExpressionParser, "make", functools.cache(UpdateExpressionParser.make))
_MOTO.setattr(ActionCountValidator, "traverse", ActionCountValidator.verify_action_counts)

_serialize = BaseJSONSerializer._serialize_type_structure


def _serialize_once(
    self: BaseJSONSerializer, serialized: Json, value: Any, shape: StructureShape, key: str
) -> None:
    """Items are in the form of the wire already, and moto asks each value of them for ten types."""
    if shape.name == "AttributeValue" and isinstance(value, dict):
        serialized[key] = value
    else:
        _serialize(self, serialized, value, shape, key)


_MOTO.setattr(BaseJSONSerializer, "_serialize_type_structure", _serialize_once)

CACHE, INVENTORY, STATE = "images", "workloads", "state"
KEYS: dict[str, dict[str, KeyTypeType]] = {
    CACHE: {"imageDigest": "HASH"},
    INVENTORY: {"digest": "HASH", "workload": "RANGE"},
    STATE: {"key": "HASH"},
}
_BY_WORKLOAD: dict[str, KeyTypeType] = {"account_region": "HASH", "workload": "RANGE"}


def create(
    dynamodb: DynamoDBClient, cache: str = CACHE, inventory: str = INVENTORY, state: str = STATE
) -> None:
    dynamodb.create_table(TableName=cache, **_schema(KEYS[CACHE]))
    dynamodb.create_table(TableName=state, **_schema(KEYS[STATE]))
    index: GlobalSecondaryIndexUnionTypeDef = {
        "IndexName": "by-workload",
        "KeySchema": _keys(_BY_WORKLOAD),
        "Projection": {
            "ProjectionType": "INCLUDE",
            "NonKeyAttributes": ["last_seen"],
        },
    }
    dynamodb.create_table(
        TableName=inventory,
        **_schema(KEYS[INVENTORY], *_BY_WORKLOAD),
        GlobalSecondaryIndexes=[index],
    )


def _schema(keys: dict[str, KeyTypeType], *others: str) -> dict[str, Any]:
    return {
        "KeySchema": _keys(keys),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in {*keys, *others}
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


def _keys(keys: dict[str, KeyTypeType]) -> list[KeySchemaElementTypeDef]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()]
