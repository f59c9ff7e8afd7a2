"""botocore's descriptions of AWS, read once: each session reads them again, which is most of what a
client takes to make."""

import functools
from typing import Any

from botocore import hooks, loaders


def read_once() -> None:
    _remember(loaders.JSONFileLoader(), "load_file")
    _remember(loaders.Loader(), "list_available_services")
    _remember(hooks.EventAliaser(hooks.HierarchicalEmitter()), "_alias_event_name")


def _remember(instance: Any, name: str) -> None:
    """The answers of a method, which depend on its arguments alone, for all instances."""
    answers = functools.cache(getattr(instance, name))
    setattr(type(instance), name, lambda _self, *given, **named: answers(*given, **named))
