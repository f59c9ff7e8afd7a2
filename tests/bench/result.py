"""What `make bench` has counted last, as it is stored beside the code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.bench.counts import KINDS, Counts
from tests.bench.replay import progress
from tests.bench.trace import DECK, Trace

PATH = Path(__file__).parent / "counted.json"
DEPLOYMENTS = 1000
# What share of the deployments brings a digest that nobody knows.
SHARES = {"each is new": 1.0, "one in five is new": 0.2, "all are known": 0.0}
# Images become known by so many deployments before; one of each service.
WARM = 20


def trace(share: float, deployments: int = DEPLOYMENTS) -> Trace:
    return Trace(deployments=deployments + WARM, new_share=share, services=WARM)


@dataclass(frozen=True)
class Counted:
    """All deployments, and of them the first deck and the last."""

    all: Counts
    first: Counts
    last: Counts


def count(share: float) -> Counted:
    marks = (WARM, WARM + DECK, WARM + DEPLOYMENTS - DECK)
    begun, first, last, end = progress(trace(share), marks)
    return Counted(end.plus(begun, -1), first.plus(begun, -1), end.plus(last, -1))


def read(part: str = "all") -> dict[str, Counts]:
    """A part of `Counted`, by the names of SHARES."""
    found = {}
    for name, parts in json.loads(PATH.read_text()).items():
        found[name] = Counts()
        for kind, counts in parts[part].items():
            for what, times in counts.items():
                found[name].add(kind, what, times)
    return found


def write(counted: dict[str, Counted]) -> None:
    stored = {
        name: {"all": _shown(each.all), "first": _shown(each.first)}
        for name, each in counted.items()
    }
    PATH.write_text(json.dumps(stored, indent=1) + "\n")


def _shown(met: Counts) -> dict[str, dict[str, int]]:
    return {kind: dict(met.of(kind)) for kind in KINDS if met.of(kind)}
