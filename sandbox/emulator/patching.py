"""How this package changes ministack: one name of it at a time, all of them at one moment."""

import functools
import pkgutil
from collections.abc import Callable, Collection, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Patch:
    """One change: `function` makes what `target` will be out of what it is.

    `target` is "module:name", where the last part of the name is an attribute or the key of a
    table. The docstring of `function` says what changes, and what ministack does otherwise.
    `upstream` is the address of an issue at ministack, where one is known.
    """

    target: str
    function: Function
    wraps: bool
    upstream: str = ""

    @property
    def name(self) -> str:
        """Our module and what it changes, such as `express._start_execution`."""
        return f"{self.function.__module__.rpartition('.')[2]}.{self.target.partition(':')[2]}"

    def apply(self) -> None:
        """Raises AttributeError, ImportError or KeyError where there is no such target."""
        module, _, path = self.target.partition(":")
        parents, _, last = path.rpartition(".")
        owner = pkgutil.resolve_name(f"{module}:{parents}")
        if isinstance(owner, MutableMapping):
            owner[last] = self._made_of(owner[last])
        else:
            setattr(owner, last, self._made_of(getattr(owner, last)))

    def _made_of(self, original: Any) -> Any:
        if not self.wraps:
            return self.function(original)
        return functools.wraps(original)(functools.partial(self.function, original))


def around(target: str, function: Function, upstream: str = "") -> Patch:
    """`function` is called instead of the target, with the original before the arguments."""
    return Patch(target, function, wraps=True, upstream=upstream)


def replaced(target: str, function: Function, upstream: str = "") -> Patch:
    """`function` is called once, with the original; its result replaces the target."""
    return Patch(target, function, wraps=False, upstream=upstream)


def apply(patches: Iterable[Patch], without: Collection[str] = ()) -> None:
    """Applies the patches in their order, except those named. Raises ValueError for unknown names.

    Of two patches with the same target, the later one wraps the earlier one.
    """
    chosen = list(patches)
    if unknown := set(without) - {patch.name for patch in chosen}:
        raise ValueError(f"no patch is named {', '.join(sorted(unknown))}")
    for patch in chosen:
        if patch.name not in without:
            patch.apply()
