"""The command `forget`: closes what ran in an account that has left for good."""

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.console import Console

from image_scan.inventory.current import is_forgotten
from ops import asked, backfill, coverage_history
from ops.errors import NoAnswer, OpsError
from ops.installation import Installation, add_options, is_set
from ops.inventory_rows import InventoryRows
from ops.printing import Notes, line

Json = dict[str, Any]


@dataclass(frozen=True)
class Gone:
    """An account and region (`account#region`) that does not answer, and the rows of its workloads
    that are not stopped. `since` is the first reconciliation in a row that it did not answer."""

    location: str
    since: str
    reason: str
    workloads: Sequence[str]
    forgotten: bool = False


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Closes what ran in an account that was closed, or has left the organization: such an "
        "account does not answer, so what ran there counts as running for ever. Without --confirm "
        "it only shows what it would close. An account that answers is not forgotten: the exit "
        "status is 1 then."
    )
    given = os.environ.get
    parser.add_argument(
        "--account", default=given("ACCOUNT", ""), help="the account that has left (ACCOUNT)"
    )
    parser.add_argument(
        "--only-region", default=given("ONLY_REGION", ""), help="one region of it (ONLY_REGION)"
    )
    parser.add_argument(
        "--confirm", action="store_true", default=is_set("CONFIRM"), help="do it (CONFIRM=1)"
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    asked.require_account(arguments.account)
    installation = Installation.of(arguments)
    if arguments.account == installation.account_id:
        raise OpsError(f"ACCOUNT={arguments.account} is the one of the installation: it stays.")
    gone = _gone(installation, arguments.account, arguments.only_region)
    if arguments.confirm:
        notes = Notes() if arguments.json else console
        with notes.status("Asking the account once more, and reconciling"):
            gone = _forgotten(installation, gone)
    if arguments.json:
        console.print_json(json.dumps({"locations": [asdict(each) for each in gone]}))
    else:
        _show(gone, arguments, installation, console)
    return 1 if arguments.confirm and not all(each.forgotten for each in gone) else 0


def _gone(installation: Installation, account: str, region: str) -> list[Gone]:
    """Returns what does not answer of an account. Raises OpsError if anything of it answered."""
    workloads: defaultdict[str, list[str]] = defaultdict(list)
    for row in InventoryRows(installation).all():
        location = f"{row['account']}#{row['region']}"
        is_meant = row["account"] == account and region in ("", row["region"])
        if is_meant and not is_forgotten(row):
            is_over = row["state"] == "stopped"
            text = f"{row['workload']}: {row['uri']}, {row['state']}"
            workloads[location] += [] if is_over else [text]
    if not workloads:
        where = f"{account} in {region}" if region else account
        raise NoAnswer(f"Nothing is known to have run in {where}, or it is forgotten already.")
    history = coverage_history.read(installation)
    last: Mapping[str, Any] = history[-1] if history else {"unreadable": {}, "at": "never"}
    for location in sorted(workloads):
        if location not in last["unreadable"]:
            raise OpsError(
                f"{location} is none that cannot be read (last reconciliation: {last['at']}). What "
                "stops there is closed without you. ONLY_REGION= names another region."
            )
    return [
        Gone(each, _since(each, history), last["unreadable"][each], sorted(workloads[each]))
        for each in sorted(workloads)
    ]


def _since(location: str, history: Sequence[Mapping[str, Any]]) -> str:
    since = ""
    for each in reversed(history):
        if location not in each["unreadable"]:
            break
        since = str(each["at"])
    return since


def _forgotten(installation: Installation, gone: Sequence[Gone]) -> list[Gone]:
    """Has the function close the rows, which asks each account first. Raises OpsError."""
    found = backfill.reconcile(installation, forget=[each.location for each in gone])
    if "forgotten" not in found:
        raise NoAnswer("The installation is older than this command: deploy it first.")
    return [replace(each, forgotten=each.location in found["forgotten"]) for each in gone]


def _show(
    gone: Sequence[Gone],
    arguments: argparse.Namespace,
    installation: Installation,
    console: Console,
) -> None:
    for each in gone:
        line(f"{each.location} cannot be read since {each.since}: {each.reason}", console)
        for workload in each.workloads:
            line(f"  {workload}", console)
        if arguments.confirm:
            ends = "forgotten" if each.forgotten else "not forgotten, for it answers now"
            line(f"{each.location}: {ends}", console)
    if not arguments.confirm:
        settings = {"ACCOUNT": arguments.account, "ONLY_REGION": arguments.only_region}
        command = installation.make("forget", **settings, CONFIRM="1")
        line(
            "Nothing is changed. If these run no more, because the account has left for good, "
            f"`{command}` closes them.",
            console,
        )
