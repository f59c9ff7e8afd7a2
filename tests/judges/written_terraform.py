"""What the modules and examples take of the aws provider, as their files have it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import hcl2

from sandbox.emulator_process import REPOSITORY

# What Terraform itself reads of a block.
META = {
    *("count", "for_each", "depends_on", "lifecycle", "provider", "provisioner", "connection"),
    *("dynamic", "__is_block__", "__comments__", "__inline_comments__"),
}
PATTERNS = ("*.tf", "modules/**/*.tf", "examples/**/*.tf")
_REFERENCE = re.compile(r"\b(data\.)?(aws_\w+)\.\w+(?:\[[^]]*\])?\.(\w+)")


@dataclass(frozen=True)
class Written:
    """The arguments of a resource or data source, or of a block in it, which `path` names."""

    source: str  # "resource" or "data"
    type: str
    path: tuple[str, ...]
    names: frozenset[str]
    blocks: frozenset[str]

    def __str__(self) -> str:
        return ".".join((self.source, self.type, *self.path))


def blocks(*texts: str) -> set[Written]:
    """Every block that belongs to the provider, of these texts or else of all files."""
    return {
        written
        for text in texts or _texts()
        for source in ("resource", "data")
        for block in hcl2.loads(text).get(source, [])
        for type_, named in block.items()
        for body in named.values()
        if type_.strip('"').startswith("aws_")
        for written in _of(source, type_.strip('"'), (), body)
    }


def references() -> set[tuple[str, str, str]]:
    """Each attribute that an expression reads: resource or data, type, name."""
    return {
        ("data" if data else "resource", type_, name)
        for text in _texts()
        for data, type_, name in _REFERENCE.findall(text)
    }


def _texts() -> Iterator[str]:
    for pattern in PATTERNS:
        for file in sorted(REPOSITORY.glob(pattern)):
            yield file.read_text()


def _of(source: str, type_: str, path: tuple[str, ...], body: Any) -> Iterator[Written]:
    inner = {}
    for name, value in body.items():
        if isinstance(value, list) and any("__is_block__" in each for each in value):
            inner[name.strip('"')] = value
    dynamic = inner.pop("dynamic", [])
    for block in dynamic:
        for name, made in block.items():
            if name not in META:
                inner[name.strip('"')] = made["content"]
    inner = {name: value for name, value in inner.items() if name not in META}
    names = {name.strip('"') for name in body} - META - inner.keys()
    yield Written(source, type_, path, frozenset(names), frozenset(inner))
    for name, bodies in inner.items():
        for each in bodies:
            yield from _of(source, type_, (*path, name), each)
