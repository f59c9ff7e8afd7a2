"""What a DynamoDB call consumes, on demand: moto does not say it.

A write costs a unit for each KB, begun or full, of the item before or after it, whichever is the
larger; one whose condition fails costs what the item that stands there is, and one at least. A
read costs a unit for each 4 KB when it is consistent, and half of that when it is not: halves are
counted.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

import math
from typing import Any

Item = dict[str, Any]

WRITES = ("PutItem", "UpdateItem", "DeleteItem")


def write_units(before: Item | None, after: Item | None) -> int:
    """Of items as the API has them; None where there is none."""
    return max(1, math.ceil(max(size(before), size(after)) / 1024))


def index_units(before: Item | None, after: Item | None) -> int:
    """Of the inventory's index, which is written when what it shows of a row has changed."""
    names = ("account_region", "last_seen")
    shown = [{name: (item or {}).get(name) for name in names} for item in (before, after)]
    indexed = any(each["account_region"] for each in shown)
    return int(indexed and shown[0] != shown[1])


def half_read_units(found: Item | None, *, consistent: bool) -> int:
    return max(1, math.ceil(size(found) / 4096)) * (2 if consistent else 1)


def size(item: Item | None) -> int:
    """Bytes, as DynamoDB counts them for items and their attributes' names."""
    return sum(len(name.encode()) + _value(value) for name, value in (item or {}).items())


def _value(typed: dict[str, Any]) -> int:
    ((kind, value),) = typed.items()
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        digits = value.lstrip("-").replace(".", "").strip("0")
        return math.ceil(len(digits) / 2) + (2 if value.startswith("-") else 1)
    if kind in {"BOOL", "NULL"}:
        return 1
    if kind == "L":
        return 3 + sum(1 + _value(each) for each in value)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value(each) for name, each in value.items())
    raise ValueError(f"no attribute of the cache is of type {kind}")
