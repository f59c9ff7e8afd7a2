"""Reads the rows of the inventory, as plain values. Changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from image_scan.inventory.notified import teams_of
from ops.answers import answers
from ops.cache_items import plain
from ops.installation import Installation
from ops.repositories import is_of
from ops.stored import Row as Stored
from ops.stored import fits

Row = dict[str, Any]
# Running workloads come first: they matter most.
_ORDER = {"running": 0, "deployed": 1, "stopped": 2}


@dataclass(frozen=True)
class Read:
    """All rows of workloads, and the keys of those that are not as we write them."""

    rows: list[Row]
    unread: list[str]


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

    def named(self, name: str) -> dict[str, Row]:
        """Returns a row for each image of a repository, or of repository:tag, by cache key."""
        return {
            row["digest"]: row
            for row in self.all()
            if name == f"{row['repository']}:{row.get('tag', '')}"
            or is_of(name, row["repository"], row["uri"])
        }

    def of_repository(self, name: str) -> dict[str, Row]:
        """Returns a row for each image of a repository, with or without its registry, by cache
        key."""
        found = (row for row in self.all() if is_of(name, row["repository"], row["uri"]))
        return {row["digest"]: row for row in found}

    def all(self) -> list[Row]:
        """Returns every workload of every image, as far as its row can be read."""
        return self.read().rows

    def read(self) -> Read:
        """Returns every workload of every image, and what cannot be read."""
        # Rows of tasks have neither.
        of_workloads = {
            "TableName": self._table,
            "FilterExpression": "attribute_exists(account_region) OR attribute_exists(#state)",
            "ExpressionAttributeNames": {"#state": "state"},
        }
        with answers():
            pages = list(self._dynamodb.get_paginator("scan").paginate(**of_workloads))
        others = (row for row in _plain(pages) if not fits(row, Stored))
        return Read(_rows(pages), [f"{row['digest']} of {row['workload']}" for row in others])


def with_teams(rows: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Gives each row the team of its workload, as the last notification has found it: a version
    that is not notified has none of its own, or an older one."""
    teams = teams_of(rows)
    for row in rows:
        yield {**row, "team": teams[row["workload"]]}


def _rows(pages: list[Any]) -> list[Row]:
    return [row for row in _plain(pages) if fits(row, Stored)]


def _plain(pages: list[Any]) -> Iterator[Row]:
    return (plain(row) for page in pages for row in page["Items"])
