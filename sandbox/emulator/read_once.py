"""Answers that ministack works out at each use, although they stay the same; kept, for speed.

These are expressions of DynamoDB and JSONata, policies, and the access keys of root. Whose things a
table holds is looked at once for all of them, too.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

from jsonata.parser import Parser
from ministack.core import iam_evaluator

_KEPT = 4096
Items = list[tuple[Any, Any]]


def remembered(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keeps the answers of a function of text; ministack works them out at each use."""
    return functools.lru_cache(_KEPT)(original)


_trees: dict[tuple[Any, ...], Any] = {}


class Reader:
    """As much of a parser as is used; each thread made one of its own."""

    dbg = False

    @staticmethod
    def parse(*given: Any) -> Any:
        if given not in _trees:
            _trees[given] = Parser().parse(*given)
        return _trees[given]


def parser(_stock: Any) -> Reader:
    """Keeps the syntax tree of an expression; ministack has it parsed at each use."""
    return Reader()


class Statements(list[Any]):
    """Those of a policy, with the keys that their conditions name."""

    @functools.cached_property
    def condition_keys(self) -> tuple[str, ...]:
        blocks = (block for each in self for block in each.conditions.values())
        return tuple(key.lower() for block in blocks if isinstance(block, dict) for key in block)


_read_policy = iam_evaluator.parse_policy_document


@functools.lru_cache(_KEPT)
def _statements(document: str) -> Statements:
    return Statements(_read_policy(document))


def parse_policy_document(stock: Any, document: Any) -> Any:
    """Keeps the statements of a policy; ministack reads them at each decision."""
    return _statements(document) if isinstance(document, str) else Statements(stock(document))


def names_condition_key(_stock: Any, policies: list[Statements], prefix: str) -> bool:
    """Looks at kept condition keys; ministack collects them at each decision."""
    return any(key.startswith(prefix) for each in policies for key in each.condition_keys)


def items_of_account(_original: Any) -> Callable[[Any], Items]:
    """Asks for the account once; ministack asks for it at each of the things."""

    def items(things: Any) -> Items:
        account = things._prefix()
        every = list(things._data.items())
        return [(key, value) for (owner, key), value in every if owner == account]

    return items


def items_of_region(_original: Any) -> Callable[[Any], Items]:
    """Asks for account and region once; ministack asks for them at each of the things."""

    def items(things: Any) -> Items:
        account, region = things._prefix()
        every = list(things._data.items())
        return [(k, v) for (owner, place, k), v in every if place == region and owner == account]

    return items


def keys_of_items(_original: Any) -> Callable[[Any], list[Any]]:
    """Takes the keys of the items; ministack asks for the account at each of them."""
    return lambda things: [key for key, _ in things.items()]


def values_of_items(_original: Any) -> Callable[[Any], list[Any]]:
    """Takes the values of the items; ministack asks for the account at each of them."""
    return lambda things: [value for _, value in things.items()]


def iteration_of_items(_original: Any) -> Callable[[Any], Iterator[Any]]:
    """Goes through the keys of the items; ministack asks for the account at each of them."""
    return lambda things: iter([key for key, _ in things.items()])
