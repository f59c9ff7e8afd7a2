"""Defines the form of each answer of Qualys that the product reads: names and types, by path."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ops.shapes import tables

_LEVELS = range(1, 6)


@dataclass(frozen=True)
class Expected:
    """The types that a value may have, including `absent` and `any`. `read`: the product reads
    it."""

    types: frozenset[str]
    read: bool


Shape = Mapping[str, Expected]


def joined(prefix: str, name: str) -> str:
    """Returns the path of a name below a prefix."""
    return f"{prefix}.{name}" if prefix else name


def _at(prefix: str, table: str) -> dict[str, Expected]:
    found = {}
    for line in filter(str.strip, table.splitlines()):
        types, *names = line.split()
        read = names[0] == "*"
        each = Expected(frozenset(types.split("|")), read)
        for name in names[read:]:
            found[prefix if name == "." else joined(prefix, name)] = each
    return found


def _counts(prefix: str, pattern: str) -> dict[str, Expected]:
    names = " ".join(pattern.format(level) for level in _LEVELS)
    return _at(prefix, f"object|null * .\nnumber|null * {names}")


def _list(rows: Mapping[str, Expected]) -> dict[str, Expected]:
    return {**_at("", tables.LIST), **rows}


def _finding(prefix: str) -> dict[str, Expected]:
    return {
        **_at(prefix, tables.IDENTITY),
        **_at(prefix, tables.FINDING),
        **_at(joined(prefix, "threatIntel"), tables.FLAGS),
    }


def _counted_finding(prefix: str) -> dict[str, Expected]:
    """Returns the form of a finding in image details: only its identifying fields are read."""
    return {**_unread(_finding(prefix)), **_at(prefix, tables.IDENTITY)}


def _unread(shape: Mapping[str, Expected]) -> dict[str, Expected]:
    return {path: replace(each, read=False) for path, each in shape.items()}


_ROW = "data[]"
SHAPES: Mapping[str, Shape] = {
    "/registry/aws-base": _at("", tables.AWS_BASE),
    "/registry": _list({**_at(_ROW, tables.REGISTRY), **_at(_ROW, tables.REGISTRY_ROW)}),
    "/registry/{registry}": {
        **_unread(_at("", tables.REGISTRY)),
        **_at("", tables.REGISTRY_DETAILS),
    },
    "/registry/aws/connectors/{account}": _at("", tables.CONNECTORS),
    "/registry/{registry}/schedule": _list(_at(_ROW, tables.SCHEDULE)),
    "/sensors": _list(_at(_ROW, tables.SENSOR)),
    "/images": _list(
        {
            **_at(_ROW, tables.IMAGE),
            **_at(_ROW, tables.IMAGE_ROW),
            **_counts(f"{_ROW}.vulnerabilities", "severity{}Count"),
        }
    ),
    "/images/{image}": {
        **_at("", tables.IMAGE),
        **_at("", tables.IMAGE_DETAILS),
        **_counted_finding("vulnerabilities[]"),
        **_at("malware[]", "object * ."),
        **_at("malware[]", tables.MALWARE_LAYER),
        **_at("malware[]", tables.LAYER),
        **_at("secrets[]", tables.DETECTED),
    },
    "/images/{image}/vuln": {
        **_at("", tables.VULNERABILITIES),
        **_finding("details[]"),
        **_counts("vulnSummary.confirmed", "sev{}Count"),
        **_counts("vulnSummary.potential", "sev{}Count"),
    },
    "/images/{image}/vuln/count": {**_counts("", "severity{}Count"), **_at("", "object * .")},
    "/images/{image}/layers/malware": _list(
        {**_at(_ROW, tables.MALWARE_LAYER), **_at(_ROW, tables.LAYER)},
    ),
    "/images/{image}/layers/{layer}/malware/files": _list(
        {**_at(_ROW, tables.MALWARE_FILE), **_at(_ROW, tables.LAYER)},
    ),
}
