"""What each function may do with which keys of a table, by modules/workflow/table_access.tf."""

from __future__ import annotations

import functools
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import hcl2

from tests.support import tables
from tests.support.builders import client_error

Json = dict[str, Any]
_FILE = Path(__file__).parents[2] / "modules/workflow/table_access.tf"
_TABLES = {
    "${var.cache_table.arn}": tables.CACHE,
    "${var.inventory_table.arn}": tables.INVENTORY,
    "${var.inventory_table.arn}/index/by-workload": f"{tables.INVENTORY}/by-workload",
    "${aws_dynamodb_table.state.arn}": tables.STATE,
}


def check(function: str, operation: str, arguments: Json) -> None:
    """Refuses a call of DynamoDB as IAM does, unless the function's policy allows it."""
    table = "/".join(filter(None, (arguments["TableName"], arguments.get("IndexName"))))
    key = _key(arguments)
    action = f"dynamodb:{operation}"
    for statement in _statements().get(function, []):
        is_named = any(fnmatchcase(key, pattern) for pattern in statement["keys"] or ["*"])
        if is_named and statement["table"] == table and action in statement["actions"]:
            return
    words = f"{function} is not authorized to perform {action} on {table} of {key}"
    raise client_error("AccessDeniedException", message=words, operation=operation)


def _key(arguments: Json) -> str:
    """The partition key of a call; boto3 names the first value of a query's condition so."""
    item = arguments.get("Key") or arguments.get("Item")
    if item is None:
        return str(arguments.get("ExpressionAttributeValues", {}).get(":v0", {}).get("S", ""))
    return str(next(item[name]["S"] for name in ("imageDigest", "digest", "key") if name in item))


@functools.cache
def _statements() -> dict[str, list[Json]]:
    with _FILE.open() as file:
        (found,) = hcl2.load(file)["locals"]
    images, others = _texts(found["image_keys"]), ["other#*"]
    values = {
        "${local.image_keys}": images,
        "${local.workload_keys}": [*images, *others],
        **{
            f"${{local.state_keys.{subject}}}": [f"{prefix.strip(chr(34))}*"]
            for subject, prefix in found["state_prefixes"].items()
        },
    }
    return {
        function: [
            {
                "table": _TABLES[each["table"].strip('"')],
                "keys": _texts(each["keys"], values),
                "actions": _texts(each["actions"]),
            }
            for each in statements
        ]
        for function, statements in found["table_access"].items()
    }


def _texts(given: Any, values: Json | None = None) -> list[str]:
    found = (values or {})[given] if isinstance(given, str) else given
    return [str(each).strip('"') for each in found]
