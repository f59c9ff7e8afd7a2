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
    found: Any = item
    for name in attribute.name.split("."):
        found = (found or {}).get(name)
    return _OPERATORS[operator](found, *others)


def changed(item: Mapping[str, Any], change: Change) -> Item:
    """An item after a change; `a.b` is a path."""
    made = copy.deepcopy({**change.first, **item})
    for name, value in change.sets.items():
        first, dot, second = name.partition(".")
        if dot:
            made[first][second] = value
        else:
            made[name] = value
    return copy.deepcopy({name: each for name, each in made.items() if name not in change.removed})


class _Items(dict[Any, Item]):
    """Items, and what each was before its last change: an inconsistent read may give that.

    `step` is called before each access, `is_stale` at each inconsistent read.
    """

    def __init__(self, step: Callable[[], object], is_stale: Callable[[], bool]) -> None:
        self.step, self._is_stale = step, is_stale
        self._before: dict[Any, Item] = {}

    def __setitem__(self, key: Any, item: Item) -> None:
        self._before[key] = copy.deepcopy(self.get(key, {}))
        super().__setitem__(key, item)

    def read(self, key: Any, *, consistent: bool) -> Item:
        is_stale = not consistent and self._is_stale()
        found = self._before.get(key, {}) if is_stale else self.get(key, {})
        return copy.deepcopy(found)


class MemoryCache(CacheTable):
    def __init__(
        self, step: Callable[[], object], is_stale: Callable[[], bool] = lambda: False
    ) -> None:
        self.items = _Items(step, is_stale)

    def get(self, key: str, *, consistent: bool = True) -> Item | None:
        self.items.step()
        return self.items.read(key, consistent=consistent) or None

    def put(self, item: Mapping[str, Any], condition: ConditionBase | None = None) -> None:
        self.items.step()
        key = item["imageDigest"]
        self._check(key, condition)
        self.items[key] = copy.deepcopy({**item})

    def change(self, key: str, change: Change, condition: ConditionBase | None) -> Item:
        self.items.step()
        self._check(key, condition)
        self.items[key] = changed({"imageDigest": key, **self.items.get(key, {})}, change)
        return copy.deepcopy(self.items[key])

    def _check(self, key: str, condition: ConditionBase | None) -> None:
        if not holds(condition, self.items.get(key, {})):
            raise ConditionFailedError(copy.deepcopy(self.items.get(key, {})))


class MemoryInventory(InventoryTable):
    def __init__(
        self, step: Callable[[], object], is_stale: Callable[[], bool] = lambda: False
    ) -> None:
        self.rows = _Items(step, is_stale)

    def get(self, digest: str, workload: str, *, consistent: bool = True) -> Item:
        self.rows.step()
        return self.rows.read((digest, workload), consistent=consistent)

    def any(self, digest: str, begin: str) -> bool:
        return any(row["workload"].startswith(begin) for row in self.below(digest))

    def below(self, digest: str, consistent: bool = True) -> Iterator[Item]:
        self.rows.step()
        found = [
            self.rows.read(key, consistent=consistent) for key in self.rows if key[0] == digest
        ]
        yield from (row for row in found if row)

    def between(self, digest: str, after: str, before: str) -> Iterator[Item]:
        rows = sorted(self.below(digest), key=lambda row: row["workload"])
        yield from (row for row in rows if after < row["workload"] < before)

    def put(self, digest: str, workload: str, values: Mapping[str, Any]) -> None:
        self.rows.step()
        self.rows[digest, workload] = {"digest": digest, "workload": workload, **values}

    def delete(self, digest: str, workload: str) -> None:
        self.rows.step()
        self.rows.pop((digest, workload), None)

    def update(
        self, digest: str, workload: str, change: Change, condition: ConditionBase | None = None
    ) -> Item | None:
        self.rows.step()
        row = self.rows.get((digest, workload), {})
        if not holds(condition, row):
            return None
        row = changed({**row, "digest": digest, "workload": workload}, change)
        self.rows[digest, workload] = row
        return copy.deepcopy(row)
