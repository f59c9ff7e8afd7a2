"""Collects evidence about the images and events that a judgement calls wrong.

A run is lost when it ends, and no other run is exactly the same.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.chaos.seen import Seen
    from sandbox.installation import Installation

Json = dict[str, Any]
_NAMED = re.compile(r"sha256:[0-9a-f]{64}|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_MOST = 5  # images or events; the others often have the same cause


def evidence(installation: Installation, seen: Seen, wrong: list[str]) -> str:
    """Lines of JSON below a heading for each image or event that `wrong` names."""
    if not wrong:
        return ""
    logged = list(_log_lines(installation))
    named = _NAMED.findall("\n".join(wrong))
    lines = list(wrong)
    for name in list(dict.fromkeys(named))[:_MOST]:
        lines += ["", f"== {name}", *_of(name, installation, seen, logged)]
    return "\n".join(lines) + "\n"


def _of(name: str, installation: Installation, seen: Seen, logged: list[Json]) -> Iterator[str]:
    yield _line("item", installation.verdicts().get(name))
    about = [line for line in logged if name in json.dumps(line)]
    events = {name} | {line["event_id"] for line in about if "event_id" in line}
    for scan in sorted(seen.scans, key=lambda scan: scan["startDate"]):
        if scan["image"]["key"] == name:
            yield _line("scan", scan)
            yield from (_line("  ", each) for each in _history(installation, scan["executionArn"]))
    witnessed = {
        "event": seen.events,
        "intake": seen.intakes,
        "failed": seen.failed,
        "undelivered": seen.undelivered,
        "notifications": seen.notifications,
    }
    for kind, found in witnessed.items():
        texts = (_line(kind, each) for each in found)
        yield from (text for text in texts if any(event in text for event in events))
    yield from (_line("log", line) for line in about)


def _history(installation: Installation, execution_arn: str) -> Iterator[Json]:
    """The states that were entered, and what failed."""
    for event in installation.scan_history(execution_arn):
        details: Json = next((v for k, v in event.items() if k.endswith("EventDetails")), {})
        notice = {k: v for k, v in details.items() if k in ("name", "error", "cause")}
        if notice:
            yield {"at": event["timestamp"], "type": event["type"], **notice}


def _log_lines(installation: Installation) -> Iterator[Json]:
    """What the functions wrote in JSON, oldest first."""
    logs = installation.client("logs")
    found = []
    for name, function in installation.outputs["function_names"].items():
        pages = logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=f"/aws/lambda/{function}"):
            for event in page["events"]:
                if event["message"].startswith("{"):
                    found.append({"function": name, **json.loads(event["message"])})
    yield from sorted(found, key=lambda line: str(line.get("timestamp", "")))


def _line(kind: str, what: Any) -> str:
    return f"{kind} {json.dumps(what, default=str)}"
