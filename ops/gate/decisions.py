"""Reads the decisions of the gate, from what its function has logged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.answers import answers
from ops.errors import OpsError

if TYPE_CHECKING:
    from ops.installation import Installation

Json = dict[str, Any]
_DECIDED = "gate decided"


def since(installation: Installation, seconds: float) -> list[Json]:
    """Returns the decisions since a time in epoch seconds, the newest first. Raises OpsError."""
    group = installation.log_groups["deployment_gate"]
    pages = installation.client("logs").get_paginator("filter_log_events")
    wanted = {
        "logGroupName": group,
        "startTime": int(seconds * 1000),
        "filterPattern": f'"{_DECIDED}"',
    }
    try:
        with answers():
            events = [each for page in pages.paginate(**wanted) for each in page["events"]]
    except OpsError as error:
        cause = error.__cause__
        code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
        if code == "ResourceNotFoundException":
            return []
        raise
    events.sort(key=lambda each: int(each["timestamp"]), reverse=True)
    found = [_decision(int(each["timestamp"]), str(each["message"])) for each in events]
    return [each for each in found if each]


def _decision(at: int, message: str) -> Json:
    """Reads a line; empty for one that is none of the gate's."""
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    if not isinstance(line, dict) or line.get("event") != _DECIDED:
        return {}
    _, _, _, region, account, resource = [*str(line["deployment"]).split(":", 5), *[""] * 6][:6]
    _, cluster, service, *_ = [*resource.split("/"), "", ""]
    names = ("effect", "decision", "mode", "stage", "bypass_until", "reasons", "deployment")
    return {
        "at": datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds"),
        "account": account,
        "region": region,
        "cluster": cluster,
        "service": service,
        **{name: line[name] for name in names},
        "images": [
            {"uri": uri, "decision": result, "why": why} for uri, result, why in line["images"]
        ],
    }
