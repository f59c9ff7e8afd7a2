"""The command `logs`: shows the log lines of functions and state machines, in order of time."""

import argparse
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console
from rich.text import Text

from image_scan.errors import ScanError, TransientError
from ops.answers import answers
from ops.errors import OpsError
from ops.installation import Installation, add_options, is_set

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_STYLES = {"error": "red", "critical": "red", "warning": "yellow"}
# Lambda's own lines, and lines that are only metrics.
_NOISE = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
# How Lambda logs an error that a function has raised: name and message, then the traceback.
_RAISED = re.compile(r"\[ERROR\]\s+(\w+)(?::\s*([^\n\r]*))?")
_FOLLOW_SECONDS = 2
# CloudWatch shows a line some time after it was written.
_LATE_SECONDS = 30


def _names_of(base: type[Exception]) -> set[str]:
    return {base.__name__} | {name for each in base.__subclasses__() for name in _names_of(each)}


# The functions raise these on purpose: the first to be called again, all with a stated reason.
_AGAIN, _OURS = _names_of(TransientError), _names_of(ScanError)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = "Shows what the functions and the state machines have logged."
    parser.add_argument(
        "--function",
        default=os.environ.get("FUNCTION", ""),
        help="only one step (parse_event) or machine (intake, scan) (FUNCTION)",
    )
    parser.add_argument(
        "--since",
        default=os.environ.get("SINCE") or "1h",
        help="how far back: 30s, 15m, 1h, 2d (SINCE; %(default)s)",
    )
    parser.add_argument(
        "--follow",
        action="store_true",
        default=is_set("FOLLOW"),
        help="continue with new lines until Ctrl-C (FOLLOW=1)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    since = time.time() - seconds(arguments.since)
    installation = Installation.of(arguments)
    groups = _chosen(installation, arguments.function)
    lines = 0
    for line in read(installation, groups, since, follow=arguments.follow):
        lines += 1
        if arguments.json:
            text = json.dumps(line.as_json())
            console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            console.print(line.as_text(whole=not console.is_terminal), soft_wrap=True)
    if not lines and not arguments.json:
        console.print(f"Nothing was logged in the last {arguments.since}.", highlight=False)
    return 0


def seconds(duration: str) -> int:
    """Converts 30s, 15m, 1h or 2d to seconds. Raises OpsError."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", duration.strip())
    if not match:
        raise OpsError(f"SINCE={duration} is no duration: write it as 30s, 15m, 1h or 2d.")
    return int(match[1]) * _UNITS[match[2]]


@dataclass(frozen=True)
class Line:
    """One logged line. `at` in epoch milliseconds; `source` is a step or a machine."""

    at: int
    source: str
    id: str
    message: str

    @property
    def values(self) -> Mapping[str, Any]:
        """The values of the line if it is a JSON object, else nothing."""
        try:
            reported = json.loads(self.message)
        except ValueError:
            return {}
        return reported if isinstance(reported, dict) else {}

    @property
    def is_noise(self) -> bool:
        return self.message.startswith(_NOISE) or "_aws" in self.values

    def as_json(self) -> dict[str, Any]:
        time_ = datetime.fromtimestamp(self.at / 1000, UTC).isoformat(timespec="milliseconds")
        reported = self.values or self.message.rstrip("\n")
        return {"time": time_, "source": self.source, "message": reported}

    def as_text(self, *, whole: bool = True) -> Text:
        """Returns the line for people. Errors of ours have no traceback; an error that is tried
        again is no trouble. Digests are whole or, on a terminal, begin only."""
        when = datetime.fromtimestamp(self.at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        words, style = self._words()
        if not whole:
            words = _DIGEST.sub(r"\1", words)
        return Text.assemble(
            (when, "dim"), " ", (f"{self.source:<17}", "bold"), " ", (words, style)
        )

    def _words(self) -> tuple[str, str]:
        """Returns what the line says, and its style."""
        if raised := _RAISED.match(self.message):
            name, why = raised[1], raised[2].strip()
            if name in _AGAIN:
                return f"tried again later: {name}: {why}", "dim"
            if name in _OURS:
                return f"error {name}: {why}", "yellow"
            return self.message.rstrip("\n"), "red"
        values = dict(self.values)
        level = str(values.pop("level", ""))
        values.pop("timestamp", None)
        event = str(values.pop("event", "" if values else self.message.rstrip("\n")))
        shown = [f"{name}={_short(value)}" for name, value in values.items() if value not in _EMPTY]
        return " ".join(filter(None, (level, event, *shown))), _STYLES.get(level, "")


def read(
    installation: Installation, groups: Mapping[str, str], since: float, *, follow: bool
) -> Iterator[Line]:
    """Returns lines since a time in epoch seconds, in order. With `follow`, it never ends."""
    seen: set[str] = set()
    start = since
    while True:
        asked = time.time()
        for line in _between(installation, groups, int(start * 1000)):
            if line.id not in seen:
                seen.add(line.id)
                if not line.is_noise:
                    yield line
        if not follow:
            return
        start = max(since, asked - _LATE_SECONDS)
        time.sleep(_FOLLOW_SECONDS)


def _between(installation: Installation, groups: Mapping[str, str], start: int) -> Sequence[Line]:
    client = installation.client("logs")

    def of_group(source: str, group: str) -> list[Line]:
        pages = client.get_paginator("filter_log_events")
        try:
            with answers():
                return [
                    _line(source, event)
                    for page in pages.paginate(logGroupName=group, startTime=start)
                    for event in page["events"]
                ]
        except OpsError as error:
            if _is_missing(error):
                return []
            raise

    with ThreadPoolExecutor(len(groups)) as pool:
        found = pool.map(of_group, groups.keys(), groups.values())
        return sorted((line for lines in found for line in lines), key=lambda line: line.at)


def _line(source: str, event: Mapping[str, Any]) -> Line:
    at, message = int(event["timestamp"]), str(event["message"])
    return Line(at, source, event.get("eventId") or f"{source} {at} {message}", message)


def _chosen(installation: Installation, function: str) -> Mapping[str, str]:
    """Returns the log groups to read. Raises OpsError for an unknown step or machine."""
    groups = installation.log_groups
    if not function:
        return groups
    step = function.removeprefix(f"{installation.name_prefix}-").replace("-", "_")
    if step not in groups:
        raise OpsError(
            f"There is no function {function}: FUNCTION= takes one of {', '.join(groups)}."
        )
    return {step: groups[step]}


def _is_missing(error: OpsError) -> bool:
    cause = error.__cause__
    return (
        isinstance(cause, ClientError)
        and cause.response["Error"]["Code"] == "ResourceNotFoundException"
    )


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
