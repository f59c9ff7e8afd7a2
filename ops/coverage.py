"""The command `coverage`: shows how many of the running images have a verdict."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from ops import coverage_history
from ops.installation import Installation, add_options

Json = dict[str, Any]
_SHOWN = 10


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows what the last reconciliations found: how many images run, how many have a fresh "
        "verdict, and accounts that are silent or cannot be read. The exit status is 1 if "
        "an image runs without a verdict although it could be scanned."
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    history = coverage_history.read(Installation.of(arguments))[-_SHOWN:]
    if arguments.json:
        console.print_json(json.dumps({"reconciliations": history}))
    elif not history:
        console.print("Nothing was reconciled yet: `make backfill` does it now.")
    else:
        show(history, console)
    return 0 if history and history[-1]["coverage_percent"] == 100 else 1


def show(history: Sequence[Json], console: Console) -> None:
    table = Table("at", "running", "fresh", "unscannable", "coverage", "to the intake", "closed")
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
