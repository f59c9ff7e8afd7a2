"""Which findings are open for which owner: those that workloads were notified of, and still run.

An owner is a team, else an account. A finding is one of a repository, whatever its version, so that
it stays the same until nothing of the owner runs it any more. What is not known closes nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from image_scan.findings import encoding
from image_scan.inventory.notified import RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from image_scan.findings.encoding import Finding

Row = dict[str, Any]


class Key(NamedTuple):
    """`repository` with its registry. A finding without a QID has the QID 0."""

    owner: str
    repository: str
    qid: int

    @property
    def id(self) -> str:
        """Names the finding, the same as long as it is open."""
        return hashlib.sha256("\n".join(map(str, self)).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class OpenFinding:
    """`since` in epoch seconds; `accounts` run it. `rows` are of the workloads, where at hand."""

    severity: int
    since: int
    accounts: tuple[str, ...]
    rows: tuple[Row, ...] = ()


Open = dict[Key, OpenFinding]


@dataclass(frozen=True)
class Change:
    """`state` is opened, still_open or closed."""

    state: str
    key: Key
    finding: OpenFinding


def changes(
    before: Open,
    rows: Iterable[Row],
    is_clear: Callable[[Row], bool],
    now: int,
    unseen: Iterable[tuple[str, str]] = (),
) -> tuple[Open, list[Change]]:
    """Returns what is open, and how that differs from `before`. `rows` are of what runs in scope.
    `is_clear` says whether a row without a record has a verdict and nothing to be notified of.
    `unseen` are accounts and repositories of which something runs that has no row yet."""
    found, unknown = _found(rows, is_clear, now)
    unknown |= {*unseen}
    for key, finding in before.items():
        if key in found:
            found[key] = replace(found[key], since=finding.since)
        elif any((account, key.repository) in unknown for account in finding.accounts):
            found[key] = finding
    made = [
        Change("still_open" if key in before else "opened", key, finding)
        for key, finding in found.items()
    ]
    made += [Change("closed", key, each) for key, each in before.items() if key not in found]
    return found, made


def _found(
    rows: Iterable[Row], is_clear: Callable[[Row], bool], now: int
) -> tuple[Open, set[tuple[str, str]]]:
    """Returns what is open, and the accounts and repositories of which something is not known."""
    found: Open = {}
    unknown = set()
    for row in rows:
        repository = repository_of(row)
        findings = encoding.unpack(row[RECORD]) if RECORD in row else None
        if findings is None and not (RECORD not in row and is_clear(row)):
            unknown.add((row["account"], repository))
        for each in findings or ():
            key = Key(row.get("team") or row["account"], repository, each.qid)
            found[key] = _added(found.get(key), each, row, now)
    return found, unknown


def _added(
    known: OpenFinding | None, finding: Finding, row: Mapping[str, Any], now: int
) -> OpenFinding:
    known = known or OpenFinding(0, now, ())
    return replace(
        known,
        severity=max(known.severity, finding.severity),
        accounts=tuple(sorted({*known.accounts, row["account"]})),
        rows=(*known.rows, dict(row)),
    )


def repository_of(row: Mapping[str, Any]) -> str:
    """Returns the repository of a row with its registry."""
    host, slash, _ = str(row["uri"]).partition("/")
    return f"{host}/{row['repository']}" if slash and "." in host else str(row["repository"])
