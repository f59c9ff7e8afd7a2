"""Accounts that have left: what ran there is over, and nobody asks them any more.

That an account does not answer closes nothing: a role or a policy may be wrong, and its tasks may
run. So an operator names the account that is gone. Its rows stay as history, each with a mark. Once
anything is seen there again, the mark of its row does not count, and the account is asked again.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from image_scan import log
from image_scan.errors import AwsRejected
from image_scan.inventory import running_tasks
from image_scan.inventory.current import is_forgotten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from image_scan.aws.cross_account import Accounts
    from image_scan.inventory.workloads import Inventory

Row = dict[str, Any]
_ENOUGH = 100


def forget(asked: Iterable[str], home: str, accounts: Accounts, inventory: Inventory) -> list[str]:
    """Closes what ran in each account and region (`account#region`) that does not answer, unless it
    is of the account `home`. Returns these. Raises AwsUnavailable or AwsRejected."""
    rows, forgotten = list(inventory.rows()), []
    for where in asked:
        account, _, region = where.partition("#")
        if account == home or _answers(accounts, account, region):
            continue
        there = [row for row in rows if row["account_region"] == where]
        for row in there:
            inventory.forget(row)
        log.warning("account forgotten", account=account, region=region, rows=len(there))
        forgotten.append(where)
    return forgotten


def present(rows: Iterable[Row]) -> list[Row]:
    """Leaves out the rows of each account and region of which all is forgotten."""
    rows = list(rows)
    asked = {row["account_region"] for row in rows if not is_forgotten(row)}
    return [row for row in rows if row["account_region"] in asked]


def _answers(accounts: Accounts, account: str, region: str) -> bool:
    """Whether what runs there can be listed, as a reconciliation lists it. Who answers to so many
    calls is there, however much it has."""
    try:
        for _ in islice(
            running_tasks.events(accounts.ecs(account, region), account, region, ""), _ENOUGH
        ):
            pass
    except AwsRejected:
        return False
    return True
