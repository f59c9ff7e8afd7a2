"""The command `backfill`: reconciles now, and names the scans that have begun because of it."""

import argparse
import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.config import Config
from rich.console import Console

from ops import coverage
from ops.answers import answers
from ops.cache_items import CacheItems
from ops.errors import NoAnswer
from ops.installation import Installation, add_options
from ops.printing import Notes, line

Json = dict[str, Any]
_PATIENCE = 910  # seconds: the function may run for fifteen minutes
# The intake takes an event in seconds. Events that it has not taken by then are shown as waiting.
_INTAKE_SECONDS = 60
_SHOWN_WORKLOADS = 3


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Lists all images that run in every account and region of the inventory. Scans those "
        "without a result, also after ERROR or TIMEOUT, and names the scans that have begun. "
        "Safe to repeat."
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    installation = Installation.of(arguments)
    notes = Notes() if arguments.json else console
    with notes.status("Listing what runs"):
        found = reconcile(installation)
    with notes.status("Waiting for the intake"):
        begun = Begun(installation, found["at"])
        begun.wait_for(found["scans"])
    # An installation of an earlier version names all, and counts none.
    found.setdefault("scans_total", len(found["scans"]))
    for each in found["scans"]:
        each.setdefault("workloads_total", len(each["workloads"]))
        each["started"] = each["key"] in begun.keys
    if arguments.json:
        console.print_json(json.dumps(found))
    else:
        _show(found, installation, console)
    return 0


class Begun:
    """Images, by cache key, whose scan has begun since a given time. Methods raise OpsError."""

    def __init__(self, installation: Installation, since: str) -> None:
        self._since = datetime.fromisoformat(since)
        self._items = CacheItems(installation)
        self._client = installation.client("stepfunctions")
        self._arn = installation.scan_state_machine_arn
        self.keys: set[str] = set()

    def wait_for(self, scans: list[Json]) -> None:
        """Waits until every scan has begun, or for the time that the intake may need."""
        deadline, pause = time.monotonic() + _INTAKE_SECONDS, 0.5
        while waiting := [each["key"] for each in scans if each["key"] not in self.keys]:
            names = set(self._names())
            self.keys |= {key for key in waiting if self._lease(key) in names}
            if time.monotonic() > deadline or self.keys.issuperset(waiting):
                return
            time.sleep(pause)
            pause = min(2 * pause, 5)

    def _lease(self, key: str) -> str:
        """Returns the end of the name of an image's last execution."""
        item = self._items.get(key) or {}
        return f"{item.get('owner', '')}-{item.get('acquired_at', '')}"

    def _names(self) -> Iterator[str]:
        """Returns the ends of the names of the executions that have started since."""
        with answers():
            pages = self._client.get_paginator("list_executions").paginate(
                stateMachineArn=self._arn
            )
            for page in pages:
                for each in page["executions"]:
                    if each["startDate"] < self._since:
                        return
                    yield "-".join(each["name"].rsplit("-", 2)[1:])


def reconcile(installation: Installation, **more: Any) -> Json:
    """Runs the reconciliation, with `more` for its function. Raises OpsError."""
    given = {"intake_state_machine_arn": installation.intake_state_machine_arn, **more}
    lambda_ = installation.session.client(
        "lambda",
        region_name=installation.region,
        config=Config(read_timeout=_PATIENCE, retries={"total_max_attempts": 1}),
    )
    with answers():
        answer = lambda_.invoke(
            FunctionName=installation.function_names["reconcile"],
            Payload=json.dumps(given),
        )
    reported: Json = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise NoAnswer(f"{reported.get('errorType')}: {reported.get('errorMessage')}")
    return reported


def _show(found: Json, installation: Installation, console: Console) -> None:
    coverage.show([found], console)
    started = [each for each in found["scans"] if each["started"]]
    if found["scans"]:
        more = found["scans_total"] - len(found["scans"])
        others = f", and {more} more are not named here" if more > 0 else ""
        line(
            f"{len(started)} of {len(found['scans'])} scans have begun{others}: "
            f"`{installation.make('status')}` shows how far they are.",
            console,
        )
    for each in found["scans"]:
        word = "scanned now" if each["started"] else "not begun"
        workloads = ", ".join(each["workloads"][:_SHOWN_WORKLOADS])
        more = each["workloads_total"] - len(each["workloads"][:_SHOWN_WORKLOADS])
        workloads += f" and {more} more" if more > 0 else ""
        line(f"{word}: {each['image']} in {workloads} ({each['why']})", console)
    if len(started) < len(found["scans"]):
        line(
            f"Why one has not begun: `{installation.make('logs')}`, or "
            f"`{installation.make('redrive')}` if it failed.",
            console,
        )
