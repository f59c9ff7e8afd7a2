"""Which regions a reconciliation looks at, and in which order."""

from __future__ import annotations

from image_scan.inventory import regions
from tests.support.builders import ACCOUNT, NOW, REGION

HOME = ACCOUNT, REGION


def test_nobody_is_always_the_last() -> None:
    rows = [
        {"digest": "d", "workload": f"w-{account}", "account_region": f"{account}#{REGION}"}
        for account in "1234"
    ]
    days = [list(regions.read(HOME, rows, NOW + day)) for day in range(40)]
    assert all(len(each) == 5 and HOME in each for each in days)
    assert {each[-1] for each in days} == {*days[0]}


def test_the_reasons_have_room_in_an_item_and_our_own_account_is_among_them() -> None:
    unread = {(str(number), REGION): "x" * 500 for number in range(3000)} | {HOME: "y"}
    shown = regions.listed(unread, HOME)
    assert next(iter(shown)) == "#".join(HOME)
    assert "2601 more" in shown
    assert len(str(shown)) < 300_000
    assert regions.listed({HOME: "y"}, HOME) == {"#".join(HOME): "y"}
