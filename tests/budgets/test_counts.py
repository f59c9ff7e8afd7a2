"""The figures of docs/cost.md are what the machines and functions of today take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench import cost, counts, result, tables
from tests.bench.replay import replay
from tests.bench.trace import DECK

if TYPE_CHECKING:
    from sandbox.qualys import QualysSimulator


@pytest.mark.parametrize("name", ["each is new", "all are known"])
def test_what_was_counted_is_what_it_takes(simulator: QualysSimulator, name: str) -> None:
    """The first deck of scans takes what it took when all were counted."""
    met = replay(result.trace(result.SHARES[name], DECK), result.WARM, simulator)
    counted = result.read("first")[name]
    for kind in counts.KINDS:
        # The times in log lines are of this machine.
        share = 0.02 if kind == counts.LOGS else 0
        assert met.of(kind) == pytest.approx(counted.of(kind), rel=share, abs=0), kind


def test_the_page_shows_what_was_counted() -> None:
    shown = tables.between_marks("deployments")
    assert shown == tables.document(result.read())


def test_a_new_image_costs_no_more_than_it_has_to() -> None:
    met = result.read()["each is new"]
    scans = met.total(counts.EXECUTIONS, "scan")
    assert scans == result.DEPLOYMENTS
    assert cost.transitions(met) <= 7.8 * scans
    assert met.total(counts.QUALYS) <= 6.2 * scans, "5.2 without the list of malware"
    assert met.total(counts.UNITS, "write") <= 24 * scans
    assert met.total(counts.UNITS, "half read") <= 2 * 23 * scans
    assert sum(cost.variable(met, result.DEPLOYMENTS).values()) <= 0.235
    assert tables.monthly(met, 1000) < 7.2


@pytest.mark.parametrize("kind", [counts.STATES, counts.INVOCATIONS, counts.QUALYS, counts.UNITS])
def test_deployments_cost_what_their_images_cost_one_by_one(kind: str) -> None:
    """The model behind the figures for more deployments than were counted."""
    new, mixed, known = (result.read()[name] for name in result.SHARES)
    share = result.SHARES["one in five is new"]
    expected = share * new.total(kind) + (1 - share) * known.total(kind)
    assert mixed.total(kind) == pytest.approx(expected, rel=0.01)


def test_a_known_image_costs_next_to_nothing() -> None:
    met = result.read()["all are known"]
    assert (cost.transitions(met), met.total(counts.QUALYS)) == (0, 0)
    assert tables.monthly(met, 1000) < 1.5  # most of it for the tasks that start and stop
