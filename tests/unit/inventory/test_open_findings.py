"""A finding is open for its owner until nothing runs it, and what is not known closes nothing."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_scan.findings import encoding
from image_scan.findings.ages import Deadlines
from image_scan.findings.encoding import Finding
from image_scan.inventory import open_findings
from image_scan.inventory.open_findings import Key, Open, Unseen, changes
from tests.support.builders import HOST, NOW

Row = dict[str, Any]
REPOSITORY = f"{HOST}/shop/app"
DEADLINES = Deadlines({"critical": 7, "high": 30})
TODAY = date(2026, 2, 2).toordinal()
_NUMBERS = itertools.count()
MIDNIGHT = NOW // 86_400 * 86_400


def packed(*qids: int, severity: int = 5, since: int = 0) -> str:
    return encoding.pack([Finding(qid, severity, False, True, (), None, since) for qid in qids])


def row(*qids: int, digest: str = "sha256:a", account: str = "1", **more: Any) -> Row:
    record = {"notified": packed(*qids)} if qids else {}
    uri = {"uri": f"{HOST}/shop/app:1", "repository": "shop/app", "first_seen": NOW}
    workload = {"workload": f"{account}#{next(_NUMBERS)}"}
    return {"digest": digest, "account": account, **workload, **uri, **record, **more}


def made(before: Open, *rows: Row, clear: bool = True, now: int = NOW) -> tuple[Open, list[str]]:
    found, met = changes(before, rows, lambda _: clear, now, DEADLINES)
    return found, sorted(f"{each.state} {each.key.owner} {each.key.qid}" for each in met)


def test_a_finding_is_opened_stays_open_and_is_closed() -> None:
    first, met = made({}, row(1, 2, team="shop"))
    assert met == ["opened shop 1", "opened shop 2"]
    second, met = made(first, row(1, digest="sha256:b", team="shop"), now=NOW + 9)
    assert met == ["closed shop 2", "still_open shop 1"]
    assert second[Key("shop", REPOSITORY, 1)].since == MIDNIGHT
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


def test_a_workload_with_a_finding_in_two_images_and_packages_is_one() -> None:
    twice = packed(1, 1)
    rows = [row(notified=twice, digest=f"sha256:{n}", workload=n, team="shop") for n in "abab"]
    (found,) = made({}, *rows)[0].values()
    assert (found.workloads, [each["workload"] for each in found.rows]) == (2, ["a", "b"])


def test_the_worst_severity_counts() -> None:
    mild = row(team="shop", notified=packed(1, severity=4))
    (found,) = made({}, mild, row(1, team="shop"))[0].values()
    assert (found.severity, len(found.rows)) == (5, 2)


def test_the_first_day_and_the_earliest_deadline_count() -> None:
    first = row(team="shop", notified=packed(1, severity=4, since=TODAY - 9))
    worst = row(team="shop", notified=packed(1, since=TODAY - 1))
    before, _ = made({}, first, worst)
    (found,) = before.values()
    assert (found.since, found.due) == (MIDNIGHT - 9 * 86_400, TODAY + 6)
    (found,) = made(before, worst)[0].values()
    assert found.since == MIDNIGHT - 9 * 86_400, "open since then, although that one is gone"


def test_what_does_not_count_any_more_is_closed() -> None:
    """Such as below a threshold that was raised: of a finding in two packages, the worse counts."""
    both = row(notified=packed(1, severity=4), team="shop")
    before, _ = made({}, both, row(1, digest="sha256:b", team="shop"), row(2, team="shop"))
    raised = Deadlines({}, lambda each: each.severity == 5 and each.qid == 1)
    found, met = changes(
        before, [both, row(1, team="shop"), row(2, team="shop")], bool, NOW, raised
    )
    assert [(each.state, each.key.qid) for each in met] == [("still_open", 1), ("closed", 2)]
    assert [len(each.rows) for each in found.values()] == [1]


def test_what_was_not_read_at_all_in_an_account_closes_nothing_there() -> None:
    before, _ = made({}, row(1), row(1, account="2"))
    unseen = Unseen(accounts=frozenset({"2"}))
    found, met = changes(before, [], lambda _: True, NOW, DEADLINES, unseen)
    assert [(each.state, each.key.owner) for each in met] == [("still_open", "2"), ("closed", "1")]
    assert [key.owner for key in found] == ["2"]


@pytest.mark.attack(15)
def test_few_workloads_are_at_hand_all_are_counted_and_each_account_has_its_turn() -> None:
    crowd = [row(1, account="9", team="shop", workload=number) for number in range(500)]
    others = [row(1, account=str(number), team="shop") for number in range(3)]
    for rows in ([*crowd, *others], [*others, *crowd], [*crowd[:250], *others, *crowd[250:]]):
        (found,) = made({}, *rows)[0].values()
        assert found.workloads == 503
        assert Counter(each["account"] for each in found.rows) == {"9": 17, "0": 1, "1": 1, "2": 1}
    assert any(found.rows[0] is each for each in crowd + others), "no copy"


@pytest.mark.attack(15)
def test_an_account_opens_so_many_a_day_and_the_others_open_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(open_findings, "MOST_OPENED", 10)
    crowd = [row(1, 2, 3, 4, 5, account="9", team=f"team-{number}") for number in range(5)]
    rows = [*crowd, row(1, 2)]
    before: Open = {}
    days, left = [], []
    for _ in range(4):
        postponed = Counter[str]()
        before, met = changes(before, rows, lambda _: True, NOW, DEADLINES, postponed=postponed)
        opened = Counter(each.finding.accounts for each in met if each.state == "opened")
        days.append((opened[("1",)], opened[("9",)]))
        left.append(postponed["9"])
        assert not [each for each in met if each.state == "closed"]
    assert (days, left) == ([(2, 10), (0, 10), (0, 5), (0, 0)], [15, 5, 0, 0])


@pytest.mark.attack(15)
def test_an_account_has_no_more_open_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_findings, "MOST_OPEN", 3)
    before, met = made({}, row(1, 2, 3, 4, 5, account="9"), row(1, team="shop"))
    assert len(met) == 4
    assert made(before, row(2, 3, 4, 5, account="9"))[1][:1] == ["closed 9 1"]
    assert made(before, row(2, 3, 4, 5, account="9"), row(1, team="shop"))[1][-3:] == [
        "still_open 9 2",
        "still_open 9 3",
        "still_open shop 1",
    ]


@given(st.lists(st.lists(st.integers(1, 5), max_size=4), min_size=1, max_size=6))
def test_each_is_closed_once_for_each_time_it_is_opened(days: list[list[int]]) -> None:
    opened: dict[int, int] = {}
    found: Open = {}
    for qids in [*days, []]:
        found, met = changes(found, [row(*qids)] if qids else [], lambda _: True, NOW, DEADLINES)
        for each in met:
            opened.setdefault(each.key.qid, 0)
            opened[each.key.qid] += {"opened": 1, "still_open": 0, "closed": -1}[each.state]
        assert all(opened[qid] == 1 for qid in qids)
    assert set(opened.values()) <= {0}


@pytest.mark.attack(15)
def test_a_row_without_a_record_is_looked_at_only_where_that_keeps_a_finding_open() -> None:
    asked: list[str] = []

    def is_clear(row: Row) -> bool:
        asked.append(row["digest"])
        return False

    before, _ = made({}, row(1, account="1"))
    crowd = [row(digest=str(number), account="2") for number in range(99)]
    mine = [row(digest=str(number), account="1") for number in range(99)]
    found, _ = changes(before, [*crowd, *mine], is_clear, NOW, DEADLINES)
    assert (found.keys(), asked) == (before.keys(), ["0"])
