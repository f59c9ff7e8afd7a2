"""Which findings were open: stored in pages by their ids, and read without what is broken."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.findings.encoding import compressed
from image_scan.state.keys import OPEN_FINDINGS
from image_scan.state.open_findings import OpenFindingsStore
from tests.support.builders import NOW

if TYPE_CHECKING:
    from image_scan.state.table import StateTable
    from tests.support.doubles import Clock

ENTRIES = [(f"{page:x}{page}", ["shop", "app", page, 5, NOW, ["1"]]) for page in range(16)]


@pytest.fixture
def store(state: StateTable, clock: Clock) -> OpenFindingsStore:
    return OpenFindingsStore(state, clock)


def test_what_was_written_is_read(store: OpenFindingsStore) -> None:
    assert list(store.read()) == []
    store.write(ENTRIES)
    assert sorted(store.read()) == [entry for _, entry in ENTRIES]
    store.write(ENTRIES[:1])
    assert list(store.read()) == [ENTRIES[0][1]]


def test_a_finding_stays_in_its_page_and_lasts_longer_than_a_year(
    store: OpenFindingsStore, state: StateTable
) -> None:
    store.write(ENTRIES)
    item: Any = state.get(f"{OPEN_FINDINGS}a")
    assert item["open"] == compressed([ENTRIES[10][1]])
    assert item["ttl"] == NOW + 400 * 86_400


@pytest.mark.parametrize("broken", [{}, {"open": "no"}, {"open": 7}])
def test_a_page_that_cannot_be_read_hides_no_other(
    store: OpenFindingsStore, state: StateTable, broken: dict[str, Any]
) -> None:
    store.write(ENTRIES)
    state.put({"key": f"{OPEN_FINDINGS}3", **broken})
    assert len(list(store.read())) == 15


@pytest.mark.attack(15)
def test_a_full_page_takes_the_first_and_says_which_it_leaves_out(
    store: OpenFindingsStore, state: StateTable
) -> None:
    """Long names of teams that nobody else has, all in one page."""
    long = [(f"0{at}", [secrets.token_hex(250), "app", at, 5, NOW, ["9"]]) for at in range(2500)]
    entries = [*ENTRIES[:1], *long, *ENTRIES[1:]]
    left = store.without_room(entries, {identity for identity, _ in long})
    assert 0 < len(left) < 2000
    assert left == {f"0{at}" for at in range(2500 - len(left), 2500)}
    store.write(entry for entry in entries if entry[0] not in left)
    assert len(list(store.read())) == len(entries) - len(left)
    store.write(entries)
    assert len(str(state.get(f"{OPEN_FINDINGS}0"))) < 409_000
    assert {entry[2] for _, entry in ENTRIES} <= {entry[2] for entry in store.read()}
    assert store.without_room(ENTRIES, set()) == set()
    old = store.without_room(entries, set())
    assert 0 < len(old) < len(left), "what is stored is left out last"
