"""The command `coverage`: shows how many of the running images have a verdict."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from ops import coverage_history
from ops.errors import NoAnswer
from ops.installation import Installation, add_options
from ops.printing import line, minute, table

Json = dict[str, Any]
_SHOWN = 10


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows what the last reconciliations found: how many images run, how many have a fresh "
        "verdict, and accounts that are silent or cannot be read. The exit status is 1 if "
        "an image runs without a verdict although it could be scanned, and 3 before the first "
        "reconciliation."
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    installation = Installation.of(arguments)
    history = coverage_history.read(installation)[-_SHOWN:]
    if arguments.json:
        console.print_json(json.dumps({"reconciliations": history}))
    elif not history:
        line(f"Nothing was reconciled yet: `{installation.make('backfill')}` does it now.", console)
    else:
        show(history, console)
        for sentence in coverage_history.advice(history, installation):
            line(sentence, console)
    if not history:
        return NoAnswer.status
    return 0 if history[-1]["coverage_percent"] == 100 else 1


def show(history: Sequence[Json], console: Console) -> None:
    shown = table("at (UTC)", "running", "fresh", "unscannable", "coverage", "sent", "closed")
    for each in history:
        shown.add_row(
            minute(each["at"]),
            *(str(each[name]) for name in ("running_images", "fresh_verdicts", "unscannable")),
            f"{each['coverage_percent']} %",
            *(str(each[name]) for name in ("sent", "closed")),
        )
    console.print(shown)
    last = history[-1]
    if left_out := last.get("out_of_scope", 0):
        line(f"out of scope: {left_out} of the images that run", console)
    for where in last["silent"]:
        line(f"silent for a week: {where}", console)
    for where, reason in last["unreadable"].items():
        line(f"cannot be read: {where}: {reason}", console)
