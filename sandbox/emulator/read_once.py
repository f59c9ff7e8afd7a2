"""Answers that ministack works out at each use, although they stay the same; cached, for speed.

These are conditions of DynamoDB, expressions of JSONata, policies, and the access keys of root.
"""

import functools
from collections.abc import Callable
from typing import Any

from jsonata.parser import Parser
from ministack.core import iam_evaluator

_CACHED = 4096


def remembered(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keeps the answers of a function of text; ministack works them out at each use."""
    return functools.lru_cache(_CACHED)(original)


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


_statements = functools.lru_cache(_CACHED)(iam_evaluator.parse_policy_document)


def parse_policy_document(stock: Any, document: Any) -> Any:
    """Keeps the statements of a policy; ministack reads them at each decision."""
    return _statements(document) if isinstance(document, str) else stock(document)
