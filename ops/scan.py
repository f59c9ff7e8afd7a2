"""The command `scan`: scans one image now, by a request to the intake."""

import argparse
import json
import time
import uuid
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from image_scan.ecr.identity import platform_of
from image_scan.events import by_hand, scan_request
from image_scan.notifications.facts import error_message
from ops.answers import answers
from ops.cache_items import IN_PROGRESS, CacheItems
from ops.errors import NoAnswer
from ops.installation import Installation, add_options, is_set
from ops.intake import Intake
from ops.printing import line
from ops.scan_target import add_image, add_platform, ecr_uri, require_image, require_platform
from ops.where import described, show

Json = dict[str, Any]
_NO_RESULT = ("UNSCANNABLE", "TIMEOUT", "ERROR")
# AWS lists an execution a moment after it began.
_LISTED_SECONDS = 20
_MOST_EXECUTIONS = 200
_LONGEST_PAUSE = 10.0  # seconds between two looks


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Scans one image of Amazon ECR, unless its verdict is known. The exit status is 0 for "
        "CLEAN, 1 for FINDINGS, and 3 if there is no result. Without --wait it is 0 once a scan "
        "has begun."
    )
    add_image(parser)
    add_platform(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        default=is_set("FORCE"),
        help="scan again even if the verdict is known (FORCE=1)",
    )
    parser.add_argument(
        "--wait",
        action="store_true",
        default=is_set("WAIT"),
        help="wait for the verdict (WAIT=1)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    require_image(arguments.image)
    require_platform(arguments.platform)
    installation = Installation.of(arguments)
    uri = ecr_uri(installation, CacheItems(installation), arguments.image)
    asked = request(
        uri,
        installation.account_id,
        installation.region,
        installation.caller_arn,
        force=arguments.force,
    )
    asked["detail"]["platform"] = arguments.platform
    reported = send(installation, asked, console, wait=arguments.wait, quiet=arguments.json)
    _show(reported, installation, console, as_json=arguments.json)
    return _status(reported)


def send(
    installation: Installation, asked: Json, console: Console, *, wait: bool, quiet: bool
) -> Json:
    """Sends a request to the intake. Returns what came of it: with `wait`, the verdict. Raises
    OpsError."""
    scans, items = Scans(installation), CacheItems(installation)
    uri, platform = asked["detail"]["image"], asked["detail"]["platform"]
    began = datetime.now(UTC) - timedelta(minutes=5)
    outcome = Intake(installation).run(asked, f"scan-{asked['id']}")
    if not outcome.succeeded:
        raise NoAnswer(
            "The intake could not take the request. It is in "
            f"{installation.failed_events_queue}: {outcome.error}: {outcome.cause}"
        )
    if any(each.get("result") == "started" for each in outcome.output):
        execution = scans.started_by(asked["id"], began)
        result = "started"
    else:
        item = _item(items, uri, platform)
        under_way = item is not None and item["status"] == IN_PROGRESS
        execution = scans.of_lease(item) if item and under_way else ""
        result = "in progress" if under_way else "known"
    reported: Json = {"image": uri, "result": result, "execution": execution}
    if execution and wait:
        reported |= _await(scans, execution, items, console, quiet=quiet)
    elif why := next((each["reason"] for each in outcome.output if each.get("reason")), ""):
        reported |= {"verdict": "UNSCANNABLE", "reason": why}
    elif not execution and (item := _item(items, uri, platform)):
        reported |= described(item)
    return reported


def _item(items: CacheItems, uri: str, platform: str) -> Json | None:
    found = items.find(uri)
    return next((each for each in found if platform_of(each["imageDigest"]) == platform), None)


class Scans:
    """Executions of the scan machine. Every method raises OpsError."""

    def __init__(self, installation: Installation) -> None:
        self._client = installation.client("stepfunctions")
        self._arn = installation.scan_state_machine_arn
        self._make = installation.make

    def started_by(self, event_id: str, since: datetime) -> str:
        """Returns the ARN of the execution that an event started."""
        seen: set[str] = set()
        deadline = time.monotonic() + _LISTED_SECONDS
        while time.monotonic() < deadline:
            for row in self._newest():
                if row["startDate"] < since:
                    break
                arn = row["executionArn"]
                if arn not in seen and self.input(arn).get("event_id") == event_id:
                    return str(arn)
                seen.add(arn)
            time.sleep(0.5)
        raise NoAnswer(
            "The scan has begun, but its execution is not listed yet: see "
            f"`{self._make('status')}`."
        )

    def of_lease(self, item: Mapping[str, Any]) -> str:
        """Returns the ARN of the execution that holds an item; empty if it has just ended."""
        suffix = f"-{item['owner']}-{item['acquired_at']}"
        running = self._newest(statusFilter="RUNNING")
        return next(
            (str(row["executionArn"]) for row in running if row["name"].endswith(suffix)), ""
        )

    def describe(self, arn: str) -> Json:
        with answers():
            return dict(self._client.describe_execution(executionArn=arn))

    def input(self, arn: str) -> Json:
        return dict(json.loads(self.describe(arn).get("input") or "{}"))

    def newest(self, most: int) -> list[Json]:
        return self._newest(most)

    def _newest(self, most: int = _MOST_EXECUTIONS, **filters: str) -> list[Json]:
        with answers():
            answer = self._client.list_executions(
                stateMachineArn=self._arn, maxResults=most, **filters
            )
        return list(answer["executions"])


def verdict_of(execution: Mapping[str, Any]) -> Json:
    """Returns verdict and reason of an execution, from its description by Step Functions."""
    status = execution["status"]
    if status == "RUNNING":
        return {"verdict": IN_PROGRESS, "reason": ""}
    if status == "SUCCEEDED":
        completed = json.loads(execution.get("output") or "{}").get("Payload", {})
        return {"verdict": completed.get("verdict", ""), "reason": completed.get("reason", "")}
    error = execution.get("error") or ""
    cause = error_message(execution.get("cause") or "")
    if error in _NO_RESULT:
        return {"verdict": error, "reason": cause}
    words = f"{error or f'execution {status}'}: {cause}".rstrip(": ")
    return {"verdict": "ERROR", "reason": words}


def request(uri: str, account_id: str, region: str, principal: str, *, force: bool) -> Json:
    """Returns the event that requests the scan of one image from the intake."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "source": "image-scan",
        "detail-type": scan_request.SCAN_REQUEST,
        "account": account_id,
        "region": region,
        "time": now,
        "detail": {
            "image": uri,
            "force": force,
            "deployment": {
                "event_name": by_hand.EVENT_NAME,
                "event_time": now,
                "principal": principal,
            },
        },
    }


def _await(
    scans: Scans, execution: str, items: CacheItems, console: Console, *, quiet: bool
) -> Json:
    """Waits for the end of a scan. Returns its verdict and the image's cache entry."""
    pause = 0.5
    with nullcontext() if quiet else console.status("Qualys scans the image"):
        while (found := scans.describe(execution))["status"] == "RUNNING":
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
    ended = verdict_of(found)
    key = json.loads(found["input"])["lease"]["key"]
    item = items.get(key) if found["status"] == "SUCCEEDED" else None
    return {**(described(item) if item else {}), **ended}


def _show(reported: Json, installation: Installation, console: Console, *, as_json: bool) -> None:
    if as_json:
        console.print_json(json.dumps(reported))
        return
    words = {
        "started": "A scan has begun.",
        "in progress": "It is being scanned already.",
        "known": "Its verdict is known. It was not scanned again: FORCE=1 does that.",
    }
    unscannable = not reported["execution"] and reported.get("verdict") == "UNSCANNABLE"
    first = "It cannot be scanned." if unscannable else words[reported["result"]]
    console.print(first, highlight=False)
    if reported["execution"]:
        line(reported["execution"], console)
    if "key" in reported:
        show(reported, console)
    elif "verdict" in reported:
        ended = f"{reported['verdict']}: {reported['reason']}".rstrip(": ")
        line(ended, console)
    else:
        line(f"{installation.make('where', IMAGE=reported['image'])} shows it later.", console)


def _status(reported: Json) -> int:
    verdict = reported.get("verdict", "")
    if verdict in _NO_RESULT:
        return 3
    return 1 if verdict == "FINDINGS" else 0
