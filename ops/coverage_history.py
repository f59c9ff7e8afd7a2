"""Reads the results of all reconciliations from the state table. Changes nothing."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from image_scan.state.keys import COVERAGE
from ops.answers import answers
from ops.cache_items import plain
from ops.installation import Installation
from ops.stored import Course, fits

Json = dict[str, Any]
# How the table stores a reconciliation; not what was found.
_STORED = ("key", "ttl")


def read(installation: Installation) -> list[Json]:
    """Returns the oldest first. Raises OpsError if DynamoDB does not answer."""
    arguments = {
        "TableName": installation.state_table,
        "FilterExpression": "begins_with(#key, :prefix)",
        "ExpressionAttributeNames": {"#key": "key"},
        "ExpressionAttributeValues": {":prefix": {"S": COVERAGE}},
    }
    paginator = installation.client("dynamodb").get_paginator("scan")
    with answers():
        pages = list(paginator.paginate(**arguments))
    rows = [row for page in pages for row in map(plain, page["Items"]) if _is_course(row)]
    rows.sort(key=lambda row: str(row["key"]))
    return [{name: row[name] for name in row if name not in _STORED} for row in rows]


def advice(history: Sequence[Json], installation: Installation) -> Iterator[str]:
    """Says what to do about accounts that the last reconciliation could not read, and that have
    left."""
    unreadable = history[-1]["unreadable"] if history else {}
    accounts = {each.partition("#")[0] for each in unreadable} - {installation.account_id}
    if accounts:
        which = accounts.pop() if len(accounts) == 1 else "<account>"
        command = installation.make("forget", ACCOUNT=which)
        yield (
            "What ran in an account that cannot be read counts as running. If the account has "
            f"left for good: `{command}`."
        )


def _is_course(row: Json) -> bool:
    try:
        return fits(row, Course) and bool(datetime.fromisoformat(row["at"]))
    except ValueError:
        return False
