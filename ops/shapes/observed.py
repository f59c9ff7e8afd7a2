"""Finds the form of an answer: which types each name has. It stores no value."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ops.shapes.expected import Shape, joined

# The pattern of field names. Any other name may be data, and is not shown.
_NAME = re.compile(r"(?=.{1,40}$)[a-z]+(?:[0-9]{1,2}|[A-Z]{1,3}[a-z]+|_[a-z]+)*[A-Z]{0,3}")
_NOT_SHOWN = "(a name that is not shown)"
_DEEPEST = 8
Types = dict[str, set[str]]


def texts_of(answer: Any) -> Iterator[str]:
    """Returns every text of an answer, in lower case. A name that equals one is not shown."""
    left = [answer]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each.lower()
        elif isinstance(each, Mapping):
            left += each.values()
        elif isinstance(each, list):
            left += each


def observe(answer: Any, shape: Shape, texts: frozenset[str]) -> Types:
    """Returns the types that were seen, by path; `absent` if an object lacks a name of the shape.

    `texts` are the texts of all answers, from `texts_of`.
    """
    seen: Types = defaultdict(set)
    _walk(answer, "", shape, texts, seen)
    return dict(seen)


def _walk(value: Any, path: str, shape: Shape, texts: frozenset[str], seen: Types) -> None:
    seen[path].add(_type(value))
    if path in shape and "any" in shape[path].types:
        return
    if len(re.findall(r"\.|\[", path)) >= _DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            _walk(each, f"{path}[]", shape, texts, seen)
    elif isinstance(value, Mapping):
        is_map = joined(path, "{}") in shape
        for name, each in value.items():
            known = "{}" if is_map else _shown(name, path, shape, texts)
            _walk(each, joined(path, known), shape, texts, seen)
        for name in [] if is_map else _below(path, shape):
            if name not in value:
                seen[joined(path, name)].add("absent")


def _shown(name: str, path: str, shape: Shape, texts: frozenset[str]) -> str:
    """Returns the name, or a placeholder if it may be data: in an object that the shape does not
    have, a name may be data, unless the shape has it elsewhere."""
    if not _NAME.fullmatch(name):
        return _NOT_SHOWN
    if joined(path, name) in shape:
        return name
    is_object = path in shape and "object" in shape[path].types
    is_known = is_object or name in {each.rpartition(".")[2] for each in shape}
    return name if is_known and name.lower() not in texts else _NOT_SHOWN


def _below(path: str, shape: Shape) -> list[str]:
    """Returns the names that an object at this path is expected to have."""
    start = f"{path}." if path else ""
    below = [each.removeprefix(start) for each in shape if each.startswith(start) and each != path]
    return [each for each in below if each and not re.search(r"[.\[{]", each)]


def _type(value: Any) -> str:
    if value is None:
        return "null"
    types = ((bool, "boolean"), (str, "text"), (int | float, "number"), (list, "array"))
    return next((name for kind, name in types if isinstance(value, kind)), "object")
