"""Finds the package version that fixes a finding, in each source that may have it. Pure.

1. `software[].fixVersion` of the finding.
2. `softwares[]` of the image's details, whose `vulnerabilities` name findings by QID. In other
   answers this key has counts or null, which are ignored.
3. `Required_Version`, if the finding's `result` is a table.

For each package, the first source with a version counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from image_scan.findings import encoding, fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A state machine carries 256 KiB, and its state has other data too.
_LARGEST = 60_000
_LONGEST = 100
_REQUIRED = "required_version"
_DIGIT = re.compile("[0-9]")
# `libc6:amd64` in the lists of software is `libc6` in a table.
_ARCHITECTURE = re.compile(r":(?:amd64|arm64|armel|armhf|i386|ppc64el|riscv64|s390x|all|any)$")


class Package(NamedTuple):
    """A package, the version that is installed, and the one that fixes it; each may be empty."""

    name: str
    version: str
    fix: str


def advice(what: str = "what has a fixed version") -> str:
    """Says what to do about findings that have a fix."""
    return f"Upgrade {what}, rebuild the image, and deploy it."


def packages(
    entry: Mapping[str, Any], of_image: Mapping[int, Sequence[Package]]
) -> tuple[list[str], list[str]]:
    """Returns the packages of a finding with their versions, and with the versions that fix it.

    `of_image` is what `unpack` returns for the software of the image.
    """
    own = [_package(each) for each in fields.objects(entry.get("software"))]
    spelt = {_plain(each.name): each.name for each in own}
    fixed = [each for each in own if each.fix]
    for source in (_joined(of_image.get(fields.qid(entry), ()), spelt), table(entry.get("result"))):
        known = {_plain(each.name) for each in fixed}
        fixed += [
            each._replace(name=spelt.get(_plain(each.name), each.name))
            for each in source
            if _plain(each.name) not in known
        ]
    return _named((each.name, each.version) for each in own or fixed), _named(
        (each.name, each.fix) for each in fixed
    )


def table(result: Any) -> list[Package]:
    """Returns the rows of a `result` whose header has a required version; none for other text.

    Tabs separate the cells, or blanks, which the first cell may also contain. Underscores are
    doubled, and rows may be repeated.
    """
    columns: list[str] = []
    found: list[Package] = []
    for line in result.splitlines() if isinstance(result, str) else ():
        if _REQUIRED in (header := _header(line))[1:]:
            columns = header
        elif line.startswith("#") or not line.strip():
            columns = []
        elif columns and len(cells := _cells(line, len(columns))) == len(columns):
            row = dict(zip(columns, cells, strict=True))
            name = row.get("package") or cells[0]
            each = Package(name, row.get("installed_version", ""), row[_REQUIRED])
            # Text after the table is no row: a version has a digit.
            found += [each] if all(map(_DIGIT.search, (each.version or "0", each.fix))) else []
    return list(dict.fromkeys(found))


def pack(softwares: Any) -> str:
    """Packs the fixes in `softwares` of an image's details, short enough for a state machine.

    If there are too many, some are left out. That loses fixes, but never findings.
    """
    found: defaultdict[Package, set[int]] = defaultdict(set)
    for each in fields.objects(softwares):
        package = _package(each)
        if package.fix:
            qids = {fields.qid(one) for one in fields.objects(each.get("vulnerabilities"))}
            found[package] |= qids - {0}
    rows = [[*package, sorted(qids)] for package, qids in found.items() if qids]
    while rows:
        if len(packed := encoding.compressed(rows)) <= _LARGEST:
            return packed
        rows = rows[: len(rows) // 2]
    return ""


def unpack(packed: str) -> dict[int, list[Package]]:
    """Returns the packages by QID; none if the text cannot be read."""
    found: defaultdict[int, list[Package]] = defaultdict(list)
    try:
        for *package, qids in encoding.expanded(packed) if packed else ():
            for qid in qids:
                found[qid].append(Package(*package))
    except (ValueError, TypeError):
        return {}
    return dict(found)


def _joined(of_qid: Sequence[Package], names: Mapping[str, str]) -> Sequence[Package]:
    """Selects the packages of the finding; all packages of its QID if no name matches."""
    return [each for each in of_qid if _plain(each.name) in names] or of_qid


def _package(software: Mapping[str, Any]) -> Package:
    names = ("name", "version", "fixVersion")
    return Package(*(fields.text(software.get(name), _LONGEST).strip() for name in names))


def _plain(name: str) -> str:
    return _ARCHITECTURE.sub("", name)


def _named(pairs: Iterable[tuple[str, str]]) -> list[str]:
    named = (" ".join(filter(None, pair)) for pair in pairs)
    return [each for each in dict.fromkeys(named) if each]


def _header(line: str) -> list[str]:
    return [each.lower().replace(" ", "_") for each in _cells(line, 0)]


def _cells(line: str, most: int) -> list[str]:
    """Splits a line into `most` cells, counted from the right; into all cells if `most` is 0."""
    if "\t" in line:
        cells = [each.strip() for each in line.split("\t")]
        cells = cells if len(cells) == most else [each for each in cells if each]
    else:
        cells = line.rsplit(None, most - 1)
    return [fields.text(each.replace("__", "_"), _LONGEST) for each in cells]
