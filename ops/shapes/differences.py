"""Compares an answer with its expected form."""

from dataclasses import dataclass

from ops.shapes.expected import Shape
from ops.shapes.observed import Types

_ORDER = ("object", "array", "text", "number", "boolean", "null", "absent", "any")
UNKNOWN = "nothing"


@dataclass(frozen=True)
class Difference:
    """`expected` are the permitted types, UNKNOWN for an unknown name; `found` are the other types
    that were found. `read`: the product reads the value, so the difference may matter."""

    path: str
    expected: str
    found: str
    read: bool

    def __str__(self) -> str:
        reads = "read" if self.read else "not read"
        return f"{self.path or '(answer)'}: expected {self.expected}, found {self.found} ({reads})"


def compare(seen: Types, shape: Shape) -> list[Difference]:
    """Returns every difference. Values that the product reads come first."""
    found = []
    for path, types in seen.items():
        if path not in shape:
            found.append(Difference(path, UNKNOWN, _words(types), read=False))
            continue
        expected = shape[path]
        wrong = types - expected.types
        if "any" in expected.types:
            wrong &= {"absent"} - expected.types
        if wrong:
            found.append(Difference(path, _words(expected.types), _words(wrong), expected.read))
    return sorted(found, key=lambda each: (not each.read, each.path))


def unseen(seen: Types, shape: Shape) -> list[str]:
    """Returns arrays that were always empty, so that their content was not compared."""
    return sorted(
        path
        for path in shape
        if path.endswith("[]") and path not in seen and "array" in seen.get(path[:-2], ())
    )


def _words(types: set[str] | frozenset[str]) -> str:
    return " or ".join(sorted(types, key=_ORDER.index))
