"""botocore's descriptions of AWS, read once: each session reads them anew, which is most of what a
client takes to make."""

import functools
from typing import Any

from botocore import loaders


def read_once() -> None:
    _remember(loaders.JSONFileLoader, "load_file")
    _remember(loaders.Loader, "list_available_services")


def _remember(owner: Any, name: str) -> None:
    """The answers of a method, which depend on its arguments alone, for all instances."""
    answers = functools.cache(functools.partial(getattr(owner, name), owner()))
    setattr(owner, name, lambda _self, *given, **named: answers(*given, **named))
