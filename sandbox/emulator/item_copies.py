"""Copies of DynamoDB items. ministack makes five for each update; an item is JSON, which needs no
more than its containers copied."""

import copy
from types import SimpleNamespace
from typing import Any

from ministack.services import dynamodb


def copy_item(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: copy_item(each) for name, each in value.items()}
    if kind is list:
        return [copy_item(each) for each in value]
    return value if kind in (str, bool, int, float, type(None)) else copy.deepcopy(value)


dynamodb.copy = SimpleNamespace(copy=copy.copy, deepcopy=copy_item)
