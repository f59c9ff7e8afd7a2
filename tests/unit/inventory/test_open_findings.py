"""A finding is open for its owner until nothing runs it, and what is not known closes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_scan.findings import encoding
from image_scan.findings.encoding import Finding
from image_scan.inventory.open_findings import Key, Open, changes
from tests.support.builders import HOST, NOW

Row = dict[str, Any]
REPOSITORY = f"{HOST}/shop/app"


def packed(*qids: int, severity: int = 5) -> str:
    return encoding.pack([Finding(qid, severity, False, True, ()) for qid in qids])


def row(*qids: int, digest: str = "sha256:a", account: str = "1", **more: Any) -> Row:
    record = {"notified": packed(*qids)} if qids else {}
    uri = {"uri": f"{HOST}/shop/app:1", "repository": "shop/app"}
    return {"digest": digest, "account": account, **uri, **record, **more}


def made(before: Open, *rows: Row, clear: bool = True, now: int = NOW) -> tuple[Open, list[str]]:
    found, met = changes(before, rows, lambda _: clear, now)
    return found, sorted(f"{each.state} {each.key.owner} {each.key.qid}" for each in met)


def test_a_finding_is_opened_stays_open_and_is_closed() -> None:
    first, met = made({}, row(1, 2, team="shop"))
    assert met == ["opened shop 1", "opened shop 2"]
    second, met = made(first, row(1, digest="sha256:b", team="shop"), now=NOW + 9)
    assert met == ["closed shop 2", "still_open shop 1"]
    assert second[Key("shop", REPOSITORY, 1)].since == NOW
    third, met = made(second, row(digest="sha256:c", team="shop"))
    assert (third, met) == ({}, ["closed shop 1"])
    _, met = made(third, row(1, team="shop"))
    assert met == ["opened shop 1"]


def test_the_id_is_the_same_whatever_the_version_and_another_for_each_owner() -> None:
    key = Key("shop", REPOSITORY, 1)
    others = [key._replace(owner="2"), key._replace(repository="x"), key._replace(qid=2)]
    assert len({each.id for each in (key, *others)}) == 4
    found, _ = made({}, row(1, team="shop"), row(1, digest="sha256:b", team="shop"))
    assert [each.id for each in found] == [key.id]


def test_it_is_open_as_long_as_one_workload_of_the_owner_runs_it() -> None:
    old, new = row(1, team="shop"), row(digest="sha256:b", team="shop")
    before, _ = made({}, old)
    assert made(before, old, new)[1] == ["still_open shop 1"]
    assert made(before, new)[1] == ["closed shop 1"]


def test_owners_do_not_close_each_others() -> None:
    before, met = made({}, row(1, team="shop"), row(1, account="2"))
    assert met == ["opened 2 1", "opened shop 1"]
    assert made(before, row(1, account="2"))[1] == ["closed shop 1", "still_open 2 1"]


@pytest.mark.parametrize(
    "unknown",
    [row(digest="sha256:b"), row(digest="sha256:b", notified="?"), row(notified="")],
)
def test_an_image_without_a_result_closes_nothing(unknown: Row) -> None:
    """Such as the next version, which is being scanned."""
    before, _ = made({}, row(1, team="shop"))
    found, met = made(before, unknown, clear=False)
    assert met == ["still_open shop 1"]
    assert found == before
    elsewhere = {**unknown, "account": "2"}
    assert made(before, elsewhere, clear=False)[1] == ["closed shop 1"]


def test_the_worst_severity_counts() -> None:
    mild = row(team="shop", notified=packed(1, severity=4))
    (found,) = made({}, mild, row(1, team="shop"))[0].values()
    assert (found.severity, len(found.rows)) == (5, 2)


@given(st.lists(st.lists(st.integers(1, 5), max_size=4), min_size=1, max_size=6))
def test_each_is_closed_once_for_each_time_it_is_opened(days: list[list[int]]) -> None:
    opened: dict[int, int] = {}
    found: Open = {}
    for qids in [*days, []]:
        found, met = changes(found, [row(*qids)] if qids else [], lambda _: True, NOW)
        for each in met:
            opened.setdefault(each.key.qid, 0)
            opened[each.key.qid] += {"opened": 1, "still_open": 0, "closed": -1}[each.state]
        assert all(opened[qid] == 1 for qid in qids)
    assert set(opened.values()) <= {0}
