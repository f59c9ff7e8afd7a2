"""Makes moto cheaper: what it works out at each call is worked out once, and no answer changes."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any

from moto.core import models, responses, utils
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.parsing.ast_nodes import (  # type: ignore[attr-defined]  # has no types
    DepthFirstTraverser,
    Node,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_nodes_of = DepthFirstTraverser.nodes_to_be_processed
_hook = DepthFirstTraverser.pre_processing_of_child
_size_of = DynamoType.size
# Of an abstract class, which asks slowly.
_is_subclass: Callable[[Any, Any], bool] = functools.cache(issubclass)
_known: dict[type, tuple[type, ...]] = {}


def work_out_once() -> None:
    """From now on, for all tests of this process."""
    # Clients of boto3 meet moto by a hook of their own. What goes by requests is for Qualys,
    # and would be compared with some 180 patterns.
    models.RESPONSES_METHODS.clear()
    once = functools.cache(utils.method_names_from_class)
    vars(responses)["method_names_from_class"] = once
    DepthFirstTraverser.nodes_to_be_processed = _nodes_to_be_processed
    DepthFirstTraverser.traverse_node_recursively = _traverse
    Node.__deepcopy__ = _copy_of_node
    DynamoType.size = _size  # type: ignore[assignment, method-assign]
    Item.__init__ = _make_item  # type: ignore[assignment]


def _nodes_to_be_processed(traverser: Any) -> tuple[type, ...]:
    kind = type(traverser)
    if kind not in _known:
        _known[kind] = _nodes_of(traverser)
    return _known[kind]


def _traverse(traverser: Any, node: Any, child_id: int = -1) -> Any:
    """Walks an expression, of which moto looks at each node in ten walks."""
    if not _is_subclass(type(node), Node):
        return node
    parent = node.parent
    has_hook = type(traverser).pre_processing_of_child is not _hook
    for number, child in enumerate(node.children or ()):
        if has_hook:
            traverser.pre_processing_of_child(node, number)
        if _is_subclass(type(child), Node):
            _traverse(traverser, child, number)
    if _is_subclass(type(node), traverser.nodes_to_be_processed()):
        node = traverser.process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


def _copy_of_node(node: Any, copies: dict[int, Any]) -> Any:
    """Copies as `copy` does, which asks each node for a way of pickling it."""
    made = object.__new__(type(node))
    copies[id(node)] = made
    vars(made).update({name: copy.deepcopy(value, copies) for name, value in vars(node).items()})
    return made


def _size(value: DynamoType) -> int:
    """Counts a map's values as they are; moto makes a copy of each."""
    if not value.is_map():
        return _size_of(value)
    return sum(
        len(name.encode()) + (each if type(each) is DynamoType else DynamoType(each)).size()
        for name, each in value.value.items()
    )


def _make_item(
    item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]
) -> None:
    """Limits the size of a new item once; moto counts all that it has at each attribute."""
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict()
    values = {name: DynamoType(value) for name, value in attrs.items()}
    for name, value in values.items():
        dict.__setitem__(item.attrs, name, value)
    if values:  # the last one is set as moto does, which counts
        last, value = item.attrs.popitem()
        item.attrs[last] = value
