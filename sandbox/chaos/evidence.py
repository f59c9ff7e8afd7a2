"""What the account knows of the images and events that a ledger calls wrong: a run is gone when it
ends, and no other is quite like it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.chaos.ledger import Seen
    from sandbox.install import Install

Json = dict[str, Any]
_IMAGE = re.compile(r"sha256:[0-9a-f]{64}")
_EVENT = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_MOST = 5  # images or events; what is behind the first is often behind the others


def evidence(install: Install, seen: Seen, wrong: list[str]) -> str:
    """Lines of JSON below a heading for each image or event that `wrong` names."""
    if not wrong:
        return ""
    logged = list(_log_lines(install))
    named = re.findall(f"{_IMAGE.pattern}|{_EVENT.pattern}", "\n".join(wrong))
    lines = list(wrong)
    for name in list(dict.fromkeys(named))[:_MOST]:
        lines += ["", f"== {name}", *_of(name, install, seen, logged)]
    return "\n".join(lines) + "\n"


def _of(name: str, install: Install, seen: Seen, logged: list[Json]) -> Iterator[str]:
    yield _line("item", install.verdicts().get(name))
    about = [line for line in logged if name in json.dumps(line)]
    events = {name} | {line["event_id"] for line in about if "event_id" in line}
    for scan in sorted(seen.scans, key=lambda scan: scan["startDate"]):
        if scan["image"]["key"] == name:
            yield _line("scan", scan)
            yield from (_line("  ", each) for each in _history(install, scan["executionArn"]))
    witnessed: dict[str, Iterable[Json]] = {
        "event": [each for each in seen.events if each["id"] in events],
        "intake": [each for each in seen.intakes if each["event_id"] in events],
        "failed": seen.failed,
        "undelivered": seen.undelivered,
        "told": seen.notifications,
    }
    for kind, found in witnessed.items():
        for each in found:
            if any(event in json.dumps(each, default=str) for event in events):
                yield _line(kind, each)
    yield from (_line("log", line) for line in about)


def _history(install: Install, execution_arn: str) -> Iterator[Json]:
    """The states that were entered, and what failed."""
    pages = install.client("stepfunctions").get_paginator("get_execution_history")
    for page in pages.paginate(executionArn=execution_arn, includeExecutionData=True):
        for event in page["events"]:
            details = next((v for k, v in event.items() if k.endswith("EventDetails")), {})
            told = {k: v for k, v in details.items() if k in ("name", "error", "cause")}
            if told:
                yield {"at": event["timestamp"], "type": event["type"], **told}


def _log_lines(install: Install) -> Iterator[Json]:
    """What the functions wrote in JSON, oldest first."""
    logs = install.client("logs")
    found = []
    for name, function in install.outputs["function_names"].items():
        pages = logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=f"/aws/lambda/{function}"):
            for event in page["events"]:
                if event["message"].startswith("{"):
                    found.append({"function": name, **json.loads(event["message"])})
    yield from sorted(found, key=lambda line: str(line.get("timestamp", "")))


def _line(kind: str, what: Any) -> str:
    return f"{kind} {json.dumps(what, default=str)}"
