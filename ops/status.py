"""The command `status`: how an installation is, on one page."""

import argparse
import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console

from ops import coverage_history, versions
from ops.answers import answers
from ops.cache_items import CacheItems, is_known
from ops.doctor.aws_errors import is_missing
from ops.errors import NoAnswer, OpsError
from ops.event_queue import EventQueue
from ops.installation import OPTIONAL_STEPS, STEPS, Installation, add_options
from ops.printing import Notes
from ops.scan import Scans, verdict_of
from ops.status_page import show

Json = dict[str, Any]
_RECENT = 10
_METRICS = ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows versions, recent scans and their verdicts, the cache, the queues and the alarms of "
        "an installation. The exit status is 0, whatever it shows: `doctor` judges."
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    installation = Installation.of(arguments)
    notes = Notes() if arguments.json else console
    with notes.status("Asking AWS"):
        found = read(installation)
    if arguments.json:
        console.print_json(json.dumps(found))
    else:
        show(found, installation.make, console)
    return 0


def read(installation: Installation) -> Json:
    """Reads the status as values for JSON; times are in ISO 8601. A part that AWS refuses to show
    is None, and `refused` says why."""
    parts = {
        "functions": _functions,
        "intake_last_day": _intake,
        "scans": _scans,
        "cache": _cache,
        "coverage": _coverage,
        "queues": _queues,
        "alarms": _alarms,
    }
    found: Json = {
        "installation": {
            "name_prefix": installation.name_prefix,
            "account_id": installation.account_id,
            "region": installation.region,
        },
        "version": versions.local(),
        "checkout": versions.checkout(),
    }
    refused = {}
    for name, part in parts.items():
        try:
            found[name] = part(installation)
        except NoAnswer as error:
            found[name], refused[name] = None, str(error)
    return {**found, "refused": refused}


def _functions(installation: Installation) -> list[Json]:
    """Returns version, runtime, code and time of each function. One deployment gives all the same
    code."""
    client = installation.client("lambda")
    found = []
    for step in (*STEPS, *OPTIONAL_STEPS):
        name = installation.function_name(step)
        try:
            with answers():
                reported = client.get_function_configuration(FunctionName=name)
        except OpsError as error:
            if not isinstance(error.__cause__, ClientError):
                raise
            if step in STEPS or not is_missing(error.__cause__):
                found.append({"step": step, "problem": str(error)})
            continue
        found.append({"step": step, **_deployed(reported)})
    return found


def _deployed(reported: Json) -> Json:
    variables = reported.get("Environment", {}).get("Variables", {})
    return {
        "version": variables.get(versions.VARIABLE, ""),
        "runtime": reported.get("Runtime", ""),
        "code_sha256": reported["CodeSha256"],
        "changed": reported["LastModified"],
    }


def _intake(installation: Installation) -> Json:
    """Counts executions of the intake by metrics; Step Functions does not list Express ones."""
    client = installation.client("cloudwatch")
    now = datetime.now(UTC)
    dimensions = [{"Name": "StateMachineArn", "Value": installation.intake_state_machine_arn}]
    sums = {}
    for metric in _METRICS:
        with answers():
            reported = client.get_metric_statistics(
                Namespace="AWS/States",
                MetricName=metric,
                Dimensions=dimensions,
                StartTime=now - timedelta(days=1),
                EndTime=now,
                Period=86_400,
                Statistics=["Sum"],
            )
        sums[metric] = int(sum(point["Sum"] for point in reported["Datapoints"]))
    return sums


def _scans(installation: Installation) -> list[Json]:
    """Returns the newest scans, and how they ended."""
    scans = Scans(installation)
    found = []
    for row in scans.newest(_RECENT):
        execution = scans.describe(row["executionArn"])
        image = json.loads(execution.get("input") or "{}").get("image", {})
        found.append(
            {
                "name": row["name"],
                "image": image.get("uri", ""),
                "began": row["startDate"].isoformat(timespec="seconds"),
                "status": row["status"],
                **verdict_of(execution),
            }
        )
    return found


def _cache(installation: Installation) -> Json:
    """Counts the images in the table by verdict, and the expired items that it still has."""
    known: Counter[str] = Counter()
    expired = 0
    for item in CacheItems(installation).all("imageDigest", "ttl"):
        if is_known(item):
            known[item["status"]] += 1
        else:
            expired += 1
    return {"known": dict(sorted(known.items())), "expired": expired, "at": int(time.time())}


def _coverage(installation: Installation) -> Json | None:
    """Returns the result of the last reconciliation; None before the first one."""
    history = coverage_history.read(installation)
    return history[-1] if history else None


def _queues(installation: Installation) -> list[Json]:
    names = [installation.failed_events_queue, installation.undelivered_events_queue]
    if installation.has_queue(installation.unforwarded_events_queue):
        names.append(installation.unforwarded_events_queue)
    return [{"name": name, "messages": EventQueue(installation, name).count()} for name in names]


def _alarms(installation: Installation) -> list[Json]:
    pages = installation.client("cloudwatch").get_paginator("describe_alarms")
    with answers():
        return [
            {
                "name": alarm["AlarmName"],
                "state": alarm["StateValue"],
                "reason": alarm.get("StateReason", ""),
            }
            for page in pages.paginate(AlarmNamePrefix=f"{installation.name_prefix}-")
            for alarm in page["MetricAlarms"]
        ]
