"""What ministack reads anew at each use, although its text says it all: expressions of DynamoDB and
JSONata, and policies. What was read is only looked at."""

import functools
from typing import Any

from jsonata.jsonata import Jsonata
from jsonata.parser import Parser
from ministack.core import iam_evaluator
from ministack.services import dynamodb

from sandbox.emulator.patching import around

_KEPT = 4096

for _name in ("_tokenize", "_condition_syntax_error"):
    setattr(dynamodb, _name, functools.lru_cache(_KEPT)(getattr(dynamodb, _name)))

_trees: dict[tuple[Any, ...], Any] = {}


@around(Jsonata, "get_parser")
def parser(stock: Any) -> Any:
    parser = stock()
    parser.parse = functools.partial(_parse, parser)
    return parser


def _parse(parser: Any, *given: Any) -> Any:
    if given not in _trees:
        _trees[given] = Parser.parse(parser, *given)
    return _trees[given]


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
