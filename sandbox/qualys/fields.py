"""Setting the fields of a dataclass from JSON, each only to a value of its declared type."""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints


def update_fields(target: Any, values: Mapping[str, Any]) -> None:
    """Sets fields by name. Raises ValueError, and changes nothing, if one does not fit."""
    hints = get_type_hints(type(target))
    for name, value in values.items():
        if name not in hints:
            raise ValueError(f"unknown name {name}")
        if not _fits(value, hints[name]):
            raise ValueError(f"{name} cannot be {value!r}")
    for name, value in values.items():
        setattr(target, name, value)


def _fits(value: Any, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return isinstance(value, str) and value in arguments
    if origin is list:
        return isinstance(value, list) and all(_fits(one, arguments[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(one, arguments[1]) for one in value.values())
    if origin is not None:  # a union, such as `float | None`
        return any(_fits(value, one) for one in arguments)
    return hint is Any or _is_a(value, hint)


def _is_a(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float if kind is float else kind)
