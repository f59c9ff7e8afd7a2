"""Makes moto cheaper: what it works out at each call is worked out once, and no answer changes."""

from __future__ import annotations

import functools
from typing import Any

from moto.core import models, responses, utils
from moto.dynamodb.parsing.ast_nodes import (  # type: ignore[attr-defined]  # has no types
    DepthFirstTraverser,
)

_nodes_of = DepthFirstTraverser.nodes_to_be_processed
_known: dict[type, tuple[type, ...]] = {}


def work_out_once() -> None:
    """From now on, for all tests of this process."""
    # Clients of boto3 meet moto by a hook of their own. What goes by requests is for Qualys,
    # and would be compared with some 180 patterns.
    models.RESPONSES_METHODS.clear()
    once = functools.cache(utils.method_names_from_class)
    vars(responses)["method_names_from_class"] = once
    DepthFirstTraverser.nodes_to_be_processed = _nodes_to_be_processed


def _nodes_to_be_processed(traverser: Any) -> tuple[type, ...]:
    kind = type(traverser)
    if kind not in _known:
        _known[kind] = _nodes_of(traverser)
    return _known[kind]
