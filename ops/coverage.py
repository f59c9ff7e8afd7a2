"""The commands `coverage` and `backfill`: of what runs, how much has a verdict."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from botocore.config import Config
from rich.console import Console
from rich.table import Table

from ops.errors import OpsError
from ops.install import Install, add_options, answers
from ops.ledger_rows import LedgerRows

Json = dict[str, Any]
_SHOWN = 10
_PATIENCE = 910  # seconds: the function may run for fifteen minutes


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows what the last reconciliations found: how many images run, how many have a fresh "
        "verdict, and accounts that are silent or cannot be read. The exit status is 1 when "
        "something that could be scanned runs without a verdict."
    )
    add_options(parser)


def configure_backfill(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Lists all that runs in every account and region of the ledger, has what is without a "
        "verdict scanned, and says what was found. Safe to repeat."
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    history = LedgerRows(Install.of(arguments)).coverage()[-_SHOWN:]
    if arguments.json:
        console.print_json(json.dumps({"reconciliations": history}))
    elif not history:
        console.print("Nothing was reconciled yet: `make backfill` does it now.")
    else:
        _show(history, console)
    return 0 if history and history[-1]["coverage_percent"] == 100 else 1


def run_backfill(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    install = Install.of(arguments)
    notes = Console(stderr=True) if arguments.json else console
    with notes.status("Listing what runs"):
        found = _reconcile(install)
    if arguments.json:
        console.print_json(json.dumps(found))
    else:
        _show([found], console)
        if found["sent"]:
            console.print("What was sent is being scanned: `make status` shows how far it is.")
    return 0


def _reconcile(install: Install) -> Json:
    lambda_ = install.session.client(
        "lambda",
        region_name=install.region,
        config=Config(read_timeout=_PATIENCE, retries={"total_max_attempts": 1}),
    )
    with answers():
        answer = lambda_.invoke(
            FunctionName=install.function_names["reconcile"],
            Payload=json.dumps({"intake_state_machine_arn": install.intake_state_machine_arn}),
        )
    told: Json = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise OpsError(f"{told.get('errorType')}: {told.get('errorMessage')}")
    return told


def _show(history: Sequence[Json], console: Console) -> None:
    table = Table("at", "running", "fresh", "unscannable", "coverage", "sent", "closed")
    for each in history:
        table.add_row(
            each["at"],
            *(str(each[name]) for name in ("running_images", "fresh_verdicts", "unscannable")),
            f"{each['coverage_percent']} %",
            *(str(each[name]) for name in ("sent", "closed")),
        )
    console.print(table)
    last = history[-1]
    for where in last["silent"]:
        console.print(f"silent for a week: {where}", markup=False, highlight=False)
    for where, reason in last["unreadable"].items():
        console.print(f"cannot be read: {where}: {reason}", markup=False, highlight=False)
