"""The targets of the Makefile: what each says of itself, and what else it runs."""

import re
from dataclasses import dataclass

from sandbox.emulator_process import REPOSITORY

_RULE = re.compile(r"^([a-z0-9 -]+):(?!=)([^#\n]*)(?:## (.*))?\n((?:\t.*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Target:
    """A target, its line in `make help` (empty where it has none), and how it is made."""

    name: str
    help: str
    prerequisites: tuple[str, ...]
    recipe: str


def targets() -> dict[str, Target]:
    """Every target that has a name and is no file."""
    found = {}
    for names, needed, described, recipe in _RULE.findall((REPOSITORY / "Makefile").read_text()):
        for name in names.split():
            found[name] = Target(name, described, tuple(needed.split()), recipe)
    return found


def runs(name: str) -> set[str]:
    """A target with all that it needs, and all that its recipe runs by make."""
    known = targets()
    found: set[str] = set()
    waiting = [name]
    while waiting:
        target = known.get(waiting.pop())
        if target and target.name not in found:
            found.add(target.name)
            inner = re.findall(r"\$\(MAKE\)(.*)", target.recipe)
            waiting += [*target.prerequisites, *" ".join(inner).split()]
    return found
