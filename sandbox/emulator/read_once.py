"""What ministack reads anew at each use, although its text says it all: expressions of DynamoDB and
JSONata, policies, and the keys of root. What was read is only looked at.

And whose things are looked through: it asks for the account and region again at each of them.
"""

import functools
from typing import Any

from jsonata.jsonata import Jsonata
from jsonata.parser import Parser
from ministack.core import iam_evaluator, responses
from ministack.services import dynamodb

from sandbox.emulator.patching import around

_KEPT = 4096

for _name in ("_tokenize", "_condition_syntax_error"):
    setattr(dynamodb, _name, functools.lru_cache(_KEPT)(getattr(dynamodb, _name)))
iam_evaluator.is_root_access_key = functools.lru_cache(_KEPT)(iam_evaluator.is_root_access_key)

_trees: dict[tuple[Any, ...], Any] = {}


class Reader:
    """As much of a parser as is used; each thread made one of its own."""

    dbg = False

    @staticmethod
    def parse(*given: Any) -> Any:
        if given not in _trees:
            _trees[given] = Parser().parse(*given)
        return _trees[given]


@around(Jsonata, "get_parser")
def parser(_stock: Any) -> Reader:
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


@around(iam_evaluator, "parse_policy_document")
def parse_policy_document(stock: Any, document: Any) -> Any:
    return _statements(document) if isinstance(document, str) else Statements(stock(document))


@around(iam_evaluator, "_names_condition_key")
def names_condition_key(_stock: Any, policies: list[Statements], prefix: str) -> bool:
    return any(key.startswith(prefix) for each in policies for key in each.condition_keys)


def _of_account(things: Any) -> list[tuple[Any, Any]]:
    account = things._prefix()
    every = list(things._data.items())
    return [(key, value) for (owner, key), value in every if owner == account]


def _of_region(things: Any) -> list[tuple[Any, Any]]:
    account, region = things._prefix()
    every = list(things._data.items())
    return [
        (key, value) for (owner, place, key), value in every if place == region and owner == account
    ]


for _kind, _own in (
    (responses.AccountScopedDict, _of_account),
    (responses.AccountRegionScopedDict, _of_region),
):
    _kind.items = _own
    _kind.keys = lambda things: [key for key, _ in things.items()]
    _kind.values = lambda things: [value for _, value in things.items()]
    _kind.__iter__ = lambda things: iter(things.keys())
