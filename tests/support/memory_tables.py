"""The tables of the core as dictionaries, for tests that stand between any two of their calls."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from image_scan.aws.dynamodb import Change, ConditionFailedError
from image_scan.cache.table import CacheTable
from image_scan.inventory.table import InventoryTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from boto3.dynamodb.conditions import ConditionBase

Item = dict[str, Any]
_OPERATORS: dict[str, Callable[..., bool]] = {
    "=": lambda found, value: found is not None and found == value,
    "<": lambda found, value: found is not None and found < value,
    "<=": lambda found, value: found is not None and found <= value,
    ">": lambda found, value: found is not None and found > value,
    "attribute_exists": lambda found: found is not None,
    "attribute_not_exists": lambda found: found is None,
}


def holds(condition: ConditionBase | None, item: Mapping[str, Any]) -> bool:
    """Whether a condition of boto3 holds for an item."""
    if condition is None:
        return True
    expression = condition.get_expression()
    operator, values = expression["operator"], expression["values"]
    if operator in ("AND", "OR"):
        sides = [holds(each, item) for each in values]
        return all(sides) if operator == "AND" else any(sides)
    attribute, *others = values
    return _OPERATORS[operator](item.get(attribute.name), *others)


class MemoryCache(CacheTable):
    """`step` is called before each access."""

    def __init__(self, step: Callable[[], object]) -> None:
        self.items: dict[str, Item] = {}
        self._step = step

    def get(self, key: str) -> Item | None:
        self._step()
        return copy.deepcopy(self.items.get(key))

    def put(self, item: Mapping[str, Any], condition: ConditionBase | None = None) -> None:
        self._step()
        key = item["imageDigest"]
        self._check(key, condition)
        self.items[key] = copy.deepcopy({**item})

    def update(self, key: str, changes: Mapping[str, Any], condition: ConditionBase | None) -> None:
        self._step()
        self._check(key, condition)
        self.items.setdefault(key, {"imageDigest": key}).update(copy.deepcopy({**changes}))

    def _check(self, key: str, condition: ConditionBase | None) -> None:
        if not holds(condition, self.items.get(key, {})):
            raise ConditionFailedError(copy.deepcopy(self.items.get(key, {})))


class MemoryInventory(InventoryTable):
    def __init__(self, step: Callable[[], object]) -> None:
        self.rows: dict[tuple[str, str], Item] = {}
        self._step = step

    def get(self, digest: str, workload: str) -> Item:
        self._step()
        return copy.deepcopy(self.rows.get((digest, workload), {}))

    def any(self, digest: str, begin: str) -> bool:
        return any(row["workload"].startswith(begin) for row in self.below(digest))

    def below(self, digest: str) -> Iterator[Item]:
        self._step()
        found = [row for (key, _), row in self.rows.items() if key == digest]
        yield from copy.deepcopy(found)

    def put(self, digest: str, workload: str, values: Mapping[str, Any]) -> None:
        self._step()
        self.rows[digest, workload] = {"digest": digest, "workload": workload, **values}

    def delete(self, digest: str, workload: str) -> None:
        self._step()
        self.rows.pop((digest, workload), None)

    def update(
        self, digest: str, workload: str, change: Change, condition: ConditionBase | None = None
    ) -> Item | None:
        self._step()
        row = self.rows.get((digest, workload), {})
        if not holds(condition, row):
            return None
        row = {**change.first, **row, **change.sets, "digest": digest, "workload": workload}
        row = {name: value for name, value in row.items() if name not in change.removed}
        self.rows[digest, workload] = row
        return copy.deepcopy(row)
