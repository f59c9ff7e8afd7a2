"""Reads the rows of the inventory, as plain values. Changes nothing."""

from typing import Any

from ops.answers import answers
from ops.cache_items import plain
from ops.installation import Installation
from ops.stored import Row as Stored
from ops.stored import fits

Row = dict[str, Any]
# Running workloads come first: they matter most.
_ORDER = {"running": 0, "deployed": 1, "stopped": 2}


class InventoryRows:
    """Reads rows. Every method raises OpsError if DynamoDB does not answer."""

    def __init__(self, installation: Installation) -> None:
        self._table = installation.inventory_table
        self._dynamodb = installation.client("dynamodb")

    def of(self, digest: str) -> list[Row]:
        """Returns the workloads of an image, by its cache key."""
        arguments = {
            "TableName": self._table,
            "KeyConditionExpression": "digest = :digest",
            "ExpressionAttributeValues": {":digest": {"S": digest}},
        }
        with answers():
            pages = list(self._dynamodb.get_paginator("query").paginate(**arguments))
        return sorted(_rows(pages), key=lambda row: (_ORDER[row["state"]], row["workload"]))

    def all(self) -> list[Row]:
        """Returns every workload of every image."""
        # Rows of tasks have no account and region.
        of_workloads = {
            "TableName": self._table,
            "FilterExpression": "attribute_exists(account_region)",
        }
        with answers():
            pages = list(self._dynamodb.get_paginator("scan").paginate(**of_workloads))
        return _rows(pages)


def _rows(pages: list[Any]) -> list[Row]:
    rows = (plain(row) for page in pages for row in page["Items"])
    return [row for row in rows if fits(row, Stored)]
