"""The figures of docs/cost.md are what the machines and functions of today take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench import cost, counts, result, tables
from tests.bench.replay import replay
from tests.bench.trace import DECK

if TYPE_CHECKING:
    from sandbox.qualys import QualysSimulator

GROWING = {
    ("aws", "send_notification dynamodb:GetItem"),
    (counts.UNITS, "read"),
}
# As log lines do, rows grow by a digit here and there, and some are near a KB.
SIZED = {(counts.UNITS, "write")}


@pytest.mark.parametrize("name", ["each is new", "all are known"])
def test_what_was_counted_is_what_it_takes(simulator: QualysSimulator, name: str) -> None:
    """A deck of scans takes its share of all; what is done once a day or grows a little, aside.

    A version of which nobody was notified is passed over when the next one is compared, so the
    reads of the inventory grow with the versions of a service, up to twenty.
    """
    met = replay(result.trace(result.SHARES[name], DECK), result.WARM, simulator)
    counted = result.read()[name]
    times = result.DEPLOYMENTS // DECK
    for kind in counts.KINDS:
        for what in met.of(kind).keys() | counted.of(kind).keys():
            found, known = met.total(kind, what) * times, counted.total(kind, what)
            if (kind, what) in GROWING:
                assert found <= known <= 1.5 * found, (kind, what)
            else:
                share = 0.02 if kind == counts.LOGS or (kind, what) in SIZED else 0.001
                assert found == pytest.approx(known, rel=share, abs=3), (kind, what)


def test_the_page_shows_what_was_counted() -> None:
    shown = tables.between_marks("deployments")
    assert shown == tables.document(result.read())


def test_a_new_image_costs_no_more_than_it_has_to() -> None:
    met = result.read()["each is new"]
    scans = met.total(counts.EXECUTIONS, "scan")
    assert scans == result.DEPLOYMENTS
    checks = met.total(counts.STATES, "scan CheckStatus")
    assert cost.transitions(met) <= 11 * scans + 3 * (checks - 2 * scans)
    once_a_day = 3
    assert met.total(counts.QUALYS) <= 7 * scans + (checks - 2 * scans) + once_a_day
    assert tables.monthly(met, 1000) < 10


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
