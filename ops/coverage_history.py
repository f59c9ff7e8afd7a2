"""Reads the results of all reconciliations from the state table. Changes nothing."""

from typing import Any

from image_scan.state.keys import COVERAGE
from ops.cache_items import plain
from ops.installation import Installation, answers

Json = dict[str, Any]


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
    return sorted(rows, key=lambda row: str(row["key"]))
