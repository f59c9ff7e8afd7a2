"""Queries of an index by a value of the table's own sort key, for speed.

ministack looks at every row of the partition: in the inventory, at all that runs in a region.
"""

import contextvars
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ministack.services import dynamodb

Json = dict[str, Any]
Key = tuple[Any, Any]

_BOTH_EQUAL = re.compile(r"\s*(#?\w+)\s*=\s*(:\w+)\s+AND\s+(#?\w+)\s*=\s*(:\w+)\s*", re.IGNORECASE)
# The values that the query under way demands, by attribute.
_demanded: contextvars.ContextVar[Json] = contextvars.ContextVar("demanded")


def query(stock: Any, data: Json) -> Any:
    """Notes the values that a query demands, for `index_members`; ministack filters later."""
    token = _demanded.set(_equalities(data))
    try:
        return stock(data)
    finally:
        _demanded.reset(token)


def _equalities(data: Json) -> Json:
    """Of a key condition that is nothing but two of them."""
    found = _BOTH_EQUAL.fullmatch(data.get("KeyConditionExpression") or "")
    if not found:
        return {}
    names = data.get("ExpressionAttributeNames") or {}
    values = data.get("ExpressionAttributeValues") or {}
    name, value, other, its = map(str, found.groups())
    pairs = ((name, value), (other, its))
    return {names.get(name, name): values[value] for name, value in pairs if value in values}


def index_members(stock: Any, table: Json) -> Any:
    """Leaves rows of another sort key out; ministack looks at every row of the partition."""
    members = stock(table)
    value = _demanded.get({}).get(table.get("sk_name") or "")
    if value is None:
        return members
    value = dynamodb._extract_key_val(value)
    return {name: Narrowed(partitions, value) for name, partitions in members.items()}


@dataclass(frozen=True)
class Narrowed:
    """The partitions of an index, without rows whose sort key in the table is another."""

    partitions: dict[Any, Iterable[Key]]
    sort_value: Any

    def get(self, partition: Any, default: Iterable[Key] = ()) -> Iterable[Key]:
        keys = self.partitions.get(partition, default)
        return [key for key in keys if key[1] == self.sort_value]
