"""What docs/commands.md says of the JSON of each command, and how a document differs from it."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from sandbox.emulator_process import REPOSITORY

Table = dict[str, "Field"]
_PLAIN = {
    "text": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "any": (object,),
}


@dataclass(frozen=True)
class Field:
    type: str
    optional: bool


@functools.cache
def tables() -> dict[str, Table]:
    """The tables below the heading JSON, by name."""
    page = (REPOSITORY / "docs/commands.md").read_text().split("\n## JSON\n")[1]
    found: dict[str, Table] = {}
    for section in page.split("\n### ")[1:]:
        name, _, text = section.partition("\n")
        found[name] = {}
        for row in re.findall(r"^\| (.+?) \| (.*?) ?\| .*$", text, re.MULTILINE)[2:]:
            found[name] |= _row(*row)
    for name, after in (("scan", "image"), ("backfill", "reconciliation")):
        found[name] = _merged(found[after], found[name], optional=name == "scan")
    return found


def _row(names: str, value: str) -> Table:
    if names.startswith("the names of"):
        return {}
    kind, _, optional = value.partition(", ")
    kind = re.sub(r"\[(.+?)\]\(#.+?\)", r"\1", kind)
    return {name: Field(kind, optional == "optional") for name in re.findall(r"`(\w+)`", names)}


def _merged(other: Table, own: Table, *, optional: bool) -> Table:
    return {name: Field(each.type, optional or each.optional) for name, each in other.items()} | own


def faults(value: Any, kind: str, path: str = "") -> list[str]:
    """What a document has that its table has not, or the other way round."""
    if kind in _PLAIN:
        is_flag = isinstance(value, bool) and kind == "number"
        return [] if isinstance(value, _PLAIN[kind]) and not is_flag else [f"{path}: no {kind}"]
    if kind.endswith(" or null"):
        return [] if value is None else faults(value, kind.removesuffix(" or null"), path)
    outer, _, inner = kind.partition(" of ")
    if outer not in ("list", "map"):
        return _faults_of_object(value, tables()[kind], path)
    if outer == "list" and isinstance(value, list):
        return [each for item in value for each in faults(item, inner, f"{path}[]")]
    if outer == "map" and isinstance(value, dict):
        return [each for name in value for each in faults(value[name], inner, f"{path}.{name}")]
    return [f"{path}: no {outer}"]


def _faults_of_object(value: Any, table: Table, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: no object"]
    needed = {name for name, field in table.items() if not field.optional}
    inside = [
        each
        for name in value.keys() & table.keys()
        for each in faults(value[name], table[name].type, f"{path}.{name}")
    ]
    unknown = [f"{path}.{name}: not documented" for name in value.keys() - table.keys()]
    return sorted(
        [*unknown, *(f"{path}.{name}: missing" for name in needed - value.keys()), *inside]
    )


def require_documented(command: str, document: Any) -> None:
    """Refuses a document that is not as the page says."""
    is_error = isinstance(document, dict) and document.keys() == {"error", "status"}
    found = faults(document, "error" if is_error else command)
    assert not found, found
