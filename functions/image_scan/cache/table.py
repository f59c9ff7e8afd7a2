"""The table of the cache: `imageDigest` is its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.aws.dynamodb import Change, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boto3.dynamodb.conditions import ConditionBase


class CacheTable(Table):
    def get(self, key: str) -> dict[str, Any] | None:
        """The item as it is now, expired or not."""
        return self.get_item(_key(key)) or None

    def put(self, item: Mapping[str, Any], condition: ConditionBase | None = None) -> None:
        self.put_item(item, condition)

    def update(self, key: str, changes: Mapping[str, Any], condition: ConditionBase | None) -> None:
        self.change(key, Change(changes), condition)

    def change(self, key: str, change: Change, condition: ConditionBase | None) -> None:
        self.update_item(_key(key), change, condition)

    def delete(self, key: str) -> None:
        self.delete_item(_key(key))


def _key(key: str) -> dict[str, Any]:
    return {"imageDigest": key}
