"""Which findings are open for which owner: those that workloads were notified of, and still run.

An owner is a team, else an account. A finding is one of a repository, whatever its version, so that
it stays the same until nothing of the owner runs it any more. What is not known closes nothing.

Anybody may run workloads under any number of teams, so what an account opens has a limit. What is
beyond it waits for the next run.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from image_scan.inventory.notified import RECORD, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence, Set

    from image_scan.findings.ages import Deadlines
    from image_scan.findings.encoding import Finding

Row = dict[str, Any]
_EPOCH = date(1970, 1, 1).toordinal()
# Findings that an account opens in one run, and has open at all.
MOST_OPENED, MOST_OPEN = 1000, 20_000
MOST_ROWS = 20


class Key(NamedTuple):
    """`repository` with its registry. A finding without a QID has the QID 0."""

    owner: str
    repository: str
    qid: int

    @property
    def id(self) -> str:
        """Names the finding, the same as long as it is open."""
        return hashlib.sha256("\n".join(map(str, self)).encode()).hexdigest()[:32]


@dataclass
class OpenFinding:
    """`since` in epoch seconds; `accounts` run it. `due` counts days as `date.toordinal` does, 0
    without a deadline. `rows` are of some of its `workloads`, where at hand, and `last` is the last
    of these."""

    severity: int
    since: int
    accounts: tuple[str, ...]
    due: int = 0
    workloads: int = 0
    rows: Sequence[Row] = ()
    last: str = ""


Open = dict[Key, OpenFinding]


class Unseen(NamedTuple):
    """What runs and has no row yet: of a repository in an account, or anything in an account."""

    pairs: Set[tuple[str, str]] = frozenset()
    accounts: Set[str] = frozenset()


_ALL_SEEN = Unseen()


class Change(NamedTuple):
    """`state` is opened, still_open or closed."""

    state: str
    key: Key
    finding: OpenFinding


def changes(
    before: Open,
    rows: Iterable[Row],
    is_clear: Callable[[Row], bool],
    now: int,
    deadlines: Deadlines,
    unseen: Unseen = _ALL_SEEN,
    postponed: Counter[str] | None = None,
) -> tuple[Open, list[Change]]:
    """Returns what is open, and how that differs from `before`. `rows` are of what runs in scope.
    `is_clear` says whether a row without a record has a verdict and nothing to be notified of.
    `postponed` then counts by account what is not opened yet, once for each workload."""
    opening = _Opening(before, now, Counter() if postponed is None else postponed)
    unknown = opening.read(rows, is_clear, deadlines) | unseen.pairs
    found = opening.found
    for key, finding in before.items():
        if key in found:
            found[key].since = min(finding.since, found[key].since)
        elif any(
            account in unseen.accounts or (account, key.repository) in unknown
            for account in finding.accounts
        ):
            found[key] = finding
    made = [
        Change("still_open" if key in before else "opened", key, finding)
        for key, finding in found.items()
    ]
    made += [Change("closed", key, each) for key, each in before.items() if key not in found]
    return found, made


class _Opening:
    """What is open by now, as far as each account may open more."""

    def __init__(self, before: Open, now: int, postponed: Counter[str]) -> None:
        self.found: Open = {}
        self._before = before
        self._now = now
        self._postponed = postponed
        self._opened = Counter[str]()
        self._open = Counter(each.accounts[0] for each in before.values() if each.accounts)

    def read(
        self, rows: Iterable[Row], is_clear: Callable[[Row], bool], deadlines: Deadlines
    ) -> set[tuple[str, str]]:
        """Returns the accounts and repositories of which something is not known, and that had a
        finding before: what is not known keeps it open."""
        unknown = set()
        had = {
            (name, key.repository) for key, each in self._before.items() for name in each.accounts
        }
        # A workload may run several images of a repository, and each may have a finding twice.
        for row in sorted(rows, key=lambda row: str(row["workload"])):
            account, repository = row["account"], repository_of(row)
            findings = recorded(row) if RECORD in row else None
            is_asked = findings is None and (account, repository) in had
            if is_asked and (RECORD in row or not is_clear(row)):
                unknown.add((account, repository))
                had.remove((account, repository))
            for each in filter(deadlines.counts, findings or ()):
                key = Key(row.get("team") or account, repository, each.qid)
                if known := self._known(key, account):
                    _add(known, each, row, deadlines.due(each))
        return unknown

    def _known(self, key: Key, account: str) -> OpenFinding | None:
        if key not in self.found:
            if key not in self._before:
                is_full = self._open[account] >= MOST_OPEN
                if is_full or self._opened[account] >= MOST_OPENED:
                    self._postponed[account] += 1
                    return None
                self._opened[account] += 1
                self._open[account] += 1
            self.found[key] = OpenFinding(0, self._now, (), rows=[])
        return self.found[key]


def _add(known: OpenFinding, finding: Finding, row: Row, due: date | None) -> None:
    """A finding is open since the first workload was notified of it, and due when it first is."""
    if finding.since:
        known.since = min(known.since, (finding.since - _EPOCH) * 86_400)
    known.severity = max(known.severity, finding.severity)
    if due:
        known.due = min(known.due or due.toordinal(), due.toordinal())
    if row["account"] not in known.accounts:
        known.accounts = tuple(sorted((*known.accounts, row["account"])))
    if row["workload"] == known.last:
        return
    known.last = row["workload"]
    known.workloads += 1
    if len(known.rows) < MOST_ROWS or len(known.accounts) > 1:
        known.rows = _with(known.rows, row)


def _with(rows: Sequence[Row], row: Row) -> Sequence[Row]:
    """Adds a row, in turn: where there is no room, one of the account that has most gives way."""
    if len(rows) < MOST_ROWS:
        return [*rows, row]
    named = Counter(each["account"] for each in rows)
    (most, number), *_ = named.most_common(1)
    if named[row["account"]] + 1 >= number:
        return rows
    last = max(at for at, each in enumerate(rows) if each["account"] == most)
    return [*rows[:last], *rows[last + 1 :], row]


def repository_of(row: Mapping[str, Any]) -> str:
    """Returns the repository of a row with its registry."""
    host, slash, _ = str(row["uri"]).partition("/")
    return f"{host}/{row['repository']}" if slash and "." in host else str(row["repository"])
