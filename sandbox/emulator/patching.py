"""How this package changes ministack: one named function of one module at a time."""

import functools
from collections.abc import Callable, MutableMapping
from typing import Any

Function = Callable[..., Any]


def around(owner: Any, name: str) -> Callable[[Function], Function]:
    """Install the decorated function as `owner.name`; its first argument is the original.

    A name that ministack no longer has fails at import, which is when it should be noticed.
    """
    original = getattr(owner, name)

    def install(wrapper: Function) -> Function:
        setattr(owner, name, functools.wraps(original)(functools.partial(wrapper, original)))
        return wrapper

    return install


def entry(table: MutableMapping[str, Function], key: str) -> Callable[[Function], Function]:
    """The same for a function that ministack looks up in a table."""
    original = table[key]

    def install(wrapper: Function) -> Function:
        table[key] = functools.partial(wrapper, original)
        return wrapper

    return install
