"""What each role may do with which keys of a table, as the modules say."""

from __future__ import annotations

import functools
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import hcl2

from tests.support import tables
from tests.support.builders import client_error

Json = dict[str, Any]
_MODULES = Path(__file__).parents[2] / "modules"
_TABLES = {
    "${var.cache_table.arn}": tables.CACHE,
    "${var.inventory_table.arn}": tables.INVENTORY,
    "${var.inventory_table.arn}/index/by-workload": f"{tables.INVENTORY}/by-workload",
    "${var.state_table.arn}": tables.STATE,
}


def check(function: str, operation: str, arguments: Json) -> None:
    """Refuses a call of DynamoDB as IAM does, unless the function's policy allows it."""
    table = "/".join(filter(None, (arguments["TableName"], arguments.get("IndexName"))))
    key = _key(arguments)
    action = f"dynamodb:{operation}"
    for statement in statements().get(function, []):
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
def statements() -> dict[str, list[Json]]:
    """Returns the table, the keys and the actions of each statement on a table, by function and
    machine. Without keys it is for all."""
    (found,) = _read("workflow/table_access.tf")["locals"]
    (keys,) = _read("workflow/table_keys.tf")["locals"]
    values = {
        "${local.image_keys}": keys["image_keys"],
        "${local.workload_keys}": [*keys["image_keys"], "other#*"],
        **{
            f"${{local.state_keys.{subject}}}": [f"{prefix.strip(chr(34))}*"]
            for subject, prefix in keys["state_prefixes"].items()
        },
    }
    access = {
        role: [
            _statement(each["table"], values.get(str(each["keys"]), each["keys"]), each["actions"])
            for each in declared
        ]
        for role, declared in found["table_access"].items()
    }
    access["reconcile"] += [_of_findings(values["${local.state_keys.open_findings}"])]
    return access


def _of_findings(keys: list[str]) -> Json:
    """What reconcile may do as well where findings are events."""
    for each in _read("workflow/result_events.tf")["data"]:
        if found := each.get("aws_iam_policy_document") or each.get('"aws_iam_policy_document"'):
            (document,) = found.values()
            first = document["statement"][0]
            return _statement(first["resources"][0], keys, first["actions"])
    raise LookupError("result_events.tf has no policy")


def _statement(table: str, keys: list[str], actions: list[str]) -> Json:
    return {"table": _TABLES[table.strip('"')], "keys": _texts(keys), "actions": _texts(actions)}


def _read(path: str) -> Json:
    with (_MODULES / path).open() as file:
        return hcl2.load(file)


def _texts(given: list[str]) -> list[str]:
    return [each.strip('"') for each in given]
