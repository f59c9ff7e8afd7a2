"""Reads the results of all reconciliations from the state table. Changes nothing."""

from typing import Any

from image_scan.state.keys import COVERAGE
from ops.answers import answers
from ops.cache_items import plain
from ops.installation import Installation

Json = dict[str, Any]
# How the table stores a reconciliation; not what was found.
_STORED = ("key", "ttl")


def read(installation: Installation) -> list[Json]:
    """Returns the oldest first. Raises OpsError if DynamoDB does not answer."""
    arguments = {
        "TableName": installation.state_table,
        "FilterExpression": "begins_with(#key, :prefix) AND attribute_exists(coverage_percent)",
        "ExpressionAttributeNames": {"#key": "key"},
        "ExpressionAttributeValues": {":prefix": {"S": COVERAGE}},
    }
    paginator = installation.client("dynamodb").get_paginator("scan")
    with answers():
        pages = list(paginator.paginate(**arguments))
    rows = [plain(row) for page in pages for row in page["Items"]]
    rows.sort(key=lambda row: str(row["key"]))
    return [{name: row[name] for name in row if name not in _STORED} for row in rows]
