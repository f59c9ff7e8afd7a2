"""What an answer has otherwise than expected."""

from dataclasses import dataclass

from ops.shapes.expected import Shape
from ops.shapes.observed import Types

_ORDER = ("object", "array", "text", "number", "boolean", "null", "absent", "any")
UNKNOWN = "nothing"


@dataclass(frozen=True)
class Difference:
    """`expected` is what may be there, UNKNOWN where nobody knows the name; `found` is what else
    was found. `read`: the product reads it, so the difference may matter."""

    path: str
    expected: str
    found: str
    read: bool

    def __str__(self) -> str:
        reads = "read" if self.read else "not read"
        return f"{self.path or '(answer)'}: expected {self.expected}, found {self.found} ({reads})"


def compare(seen: Types, shape: Shape) -> list[Difference]:
    """Every difference, what the product reads first."""
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
    """Arrays that were empty each time: what they hold was not compared."""
    return sorted(
        path
        for path in shape
        if path.endswith("[]") and path not in seen and "array" in seen.get(path[:-2], ())
    )


def _words(types: set[str] | frozenset[str]) -> str:
    return " or ".join(sorted(types, key=_ORDER.index))
