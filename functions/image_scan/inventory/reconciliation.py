"""Coverage: what runs against what has a verdict, and what the events have missed.

For every account's region in the inventory, and our own, the running tasks are listed. An image
without a verdict, one that the inventory does not know to run there, or one whose workload was not
notified of its findings, goes through the intake as an event of the task; a row that nothing runs
any more is closed. What ended as ERROR or TIMEOUT is scanned again, once for each run, and findings
that are worth a notification are judged again. What is out of scope is recorded as that, and no
more. For anything else a second run finds nothing to do.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from image_scan import log, metrics
from image_scan.aws import clients
from image_scan.cache.standing import is_elsewhere
from image_scan.ecr.digests import reference_key
from image_scan.errors import AwsRejected
from image_scan.events import deployments
from image_scan.events.scope import EVERYTHING
from image_scan.events.scoping import Scoping
from image_scan.events.workloads import workload_of
from image_scan.inventory import running_tasks
from image_scan.inventory.coverage import Found, Running, UnscannableImage
from image_scan.inventory.open_findings import repository_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_stepfunctions import SFNClient

    from image_scan.aws.cross_account import Accounts
    from image_scan.cache.table import CacheTable
    from image_scan.contracts import Image, ScanInput
    from image_scan.events.scope import Scope
    from image_scan.inventory.workloads import Inventory
    from image_scan.results import Outcome
    from image_scan.state.coverage import CoverageHistory

Json = dict[str, Any]
Where = tuple[str, str]  # account, region

_FRESH = frozenset({"CLEAN", "FINDINGS"})
_FAILED = frozenset({"ERROR", "TIMEOUT"})
# A workload that was seen lately may be about to start.
_STABLE_SECONDS = 3600
_SILENT_SECONDS = 7 * 86_400


class Intake:
    """The intake state machine, and the account and region that it is in."""

    def __init__(self, states: SFNClient, machine_arn: str) -> None:
        self._states = states
        self._machine_arn = machine_arn
        _, _, _, region, account, *_ = machine_arn.split(":")
        self.home: Where = (account, region)

    def start(self, event: Json) -> None:
        """Raises AwsUnavailable or AwsRejected."""
        with clients.calls("states:StartExecution"):
            self._states.start_execution(stateMachineArn=self._machine_arn, input=json.dumps(event))


class Reconciliation:
    """`start` hands an event to the intake. Every method raises AwsUnavailable or AwsRejected."""

    def __init__(
        self,
        accounts: Accounts,
        cache: CacheTable,
        inventory: Inventory,
        history: CoverageHistory,
        start: Callable[[Json], None],
        may_notify: Callable[[Outcome], bool],
        now: float,
    ) -> None:
        self._accounts = accounts
        self._scoping = Scoping(EVERYTHING, accounts)
        self._cache = cache
        self._inventory = inventory
        self._history = history
        self._start = start
        self._may_notify = may_notify
        self._now = int(now)
        self._known: dict[str, Json] = {}
        self._rows: dict[tuple[str, str], Mapping[str, Any]] = {}  # of the region that is looked at
        self.unscannable: Mapping[str, UnscannableImage] = {}
        self.failed: Mapping[str, UnscannableImage] = {}
        self.fresh: Mapping[str, Running] = {}
        self.registries: set[Where] = set()
        self.sent: set[tuple[str, str]] = set()

    def run(self, home: Where, scope: Scope = EVERYTHING) -> Json:
        """Everything once; what was found, as it is stored and shown, with the `scans` that the
        intake was asked for. Then `unscannable`, `failed`, `fresh` and the ECR `registries` are
        set, and `sent`: accounts and repositories of which something was sent to the intake."""
        self._scoping = Scoping(scope, self._accounts)
        rows: dict[Where, list[Json]] = {home: []}
        for row in self._inventory.rows():
            account, region = row["account_region"].split("#", 1)
            rows.setdefault((account, region), []).append(row)
        found = Found()
        for where in sorted(rows):
            try:
                self._reconcile(where, rows[where], found)
            except AwsRejected as error:
                found.unreadable["#".join(where)] = str(error)
        summary = self._summary(found, rows)
        self.unscannable, self.failed, self.fresh = found.unscannable, found.failed, found.fresh
        self._history.add(summary)
        for name, value in found.figures().items():
            metrics.count(name, value)
        log.info("reconciled", **{name: value for name, value in summary.items() if name != "at"})
        return {**summary, "scans": list(found.scans.values())}

    def _summary(self, found: Found, rows: Mapping[Where, list[Json]]) -> Json:
        return {
            "at": datetime.fromtimestamp(self._now, UTC).isoformat(),
            **found.summary(),
            "silent": sorted("#".join(where) for where, each in rows.items() if self._silent(each)),
            "unreadable": found.unreadable,
        }

    def _reconcile(self, where: Where, rows: Iterable[Mapping[str, Any]], found: Found) -> None:
        self._rows = {(row["digest"], row["workload"]): row for row in rows}
        states = {pair: row["state"] for pair, row in self._rows.items()}
        ecs = self._accounts.ecs(*where)
        time = datetime.fromtimestamp(self._now, UTC).isoformat()
        for event in running_tasks.events(ecs, *where, time):
            tasks = deployments.running(event, self._accounts, self._scoping)
            met = [(task, _pair(task, states)) for task in tasks]
            self._note_results(met, event, found)
            lacking = [each for each in met if self._lacks(*each, states, found)]
            inside = [pair for task, pair in met if "out_of_scope" not in task["image"]]
            due = {pair[0] for pair in inside if self._is_bad(pair[0]) and self._was_notified(pair)}
            due -= found.bad
            found.bad |= due
            if lacking or due:
                self._start(event)
            found.sent.update(pair for _, pair in lacking)
            self.sent |= {(where[0], repository_of(task["image"])) for task, _ in lacking}
            self._note_scans(lacking, found)
        for row in rows:
            pair = (row["digest"], row["workload"])
            over = row["state"] != "stopped" and pair not in found.running
            if over and row["last_seen"] < self._now - _STABLE_SECONDS:
                self._inventory.close(*pair)
                found.closed += 1

    def _lacks(
        self,
        scan_input: ScanInput,
        pair: tuple[str, str],
        states: Mapping[tuple[str, str], str],
        found: Found,
    ) -> bool:
        """Whether a running image is without a verdict, or its workload not known to run it, or not
        notified of it: who deploys an image whose verdict has run out waits alone for the next."""
        item, image = self._item(pair[0]), scan_input["image"]
        row = self._rows.get(pair, {})
        is_marked = row.get("out_of_scope") == image.get("out_of_scope")
        if "out_of_scope" in image:
            found.left_out.add(pair[0])
            found.running.add(pair)
            return pair not in found.sent and not (is_marked and states.get(pair) == "running")
        if image["account_id"]:
            self.registries.add((image["account_id"], image["region"]))
        status = self._count(image, pair, found)
        # Here a scan may be asked for; and findings that somebody waits for.
        is_open = status == "UNSCANNABLE" and is_elsewhere(image, item)
        is_open |= self._is_bad(pair[0]) and not self._was_notified(pair)
        # An image that is not in ECR has no entry: its row alone says whether that was notified.
        is_foreign = not image["account_id"]
        has_verdict = bool(status) or (is_foreign and "notified_as" in row)
        is_known = has_verdict and states.get(pair) == "running" and is_marked and not is_open
        return pair not in found.sent and not is_known

    def _count(self, image: Image, pair: tuple[str, str], found: Found) -> str:
        """Counts a running image by what is known of it. Returns its verdict, empty without one."""
        key, workload = pair
        found.images.add(key)
        found.running.add(pair)
        item = self._item(key)
        status = item["status"] if item and item["status"] not in _FAILED else ""
        if status == "UNSCANNABLE" or (not status and image["unscannable"]):
            reason = image["unscannable"] or item.get("reason") or "no scan can be asked for"
            known = found.unscannable.setdefault(key, UnscannableImage(image["uri"], reason))
            known.workloads.add(workload)
        elif item and not status:
            failed = UnscannableImage(image["uri"], item.get("reason", ""), verdict=item["status"])
            found.failed.setdefault(key, failed).workloads.add(workload)
        return str(status)

    def _note_results(
        self, met: Iterable[tuple[ScanInput, tuple[str, str]]], event: Json, found: Found
    ) -> None:
        for task, (key, _) in met:
            item, is_out = self._item(key), "out_of_scope" in task["image"]
            if item.get("status") in _FRESH and not is_out:
                found.fresh.setdefault(key, Running(task, event, item))

    def _note_scans(
        self, lacking: Iterable[tuple[ScanInput, tuple[str, str]]], found: Found
    ) -> None:
        """The images of an event that was sent which the intake has to scan."""
        for task, (key, workload) in lacking:
            image, item = task["image"], self._item(key)
            is_out = bool(image["unscannable"]) or "out_of_scope" in image
            if is_out or (item and item["status"] not in _FAILED):
                continue
            why = f"{item['status']}: {item.get('reason', '')}" if item else "no verdict"
            asked = {"key": key, "image": image["uri"], "why": why, "workloads": []}
            found.scans.setdefault(key, asked)["workloads"].append(workload)

    def _is_bad(self, key: str) -> bool:
        """Whether somebody may have to be notified of a verdict: the intake judges it again."""
        item = self._item(key)
        outcome = cast("Outcome", {**item, "verdict": item.get("status")})
        return bool(item) and item["status"] == "FINDINGS" and self._may_notify(outcome)

    def _was_notified(self, pair: tuple[str, str]) -> bool:
        """Whether a workload was notified of a bad verdict; the same test as in CheckCache."""
        notified_of = self._rows.get(pair, {}).get("notified_of", 0)
        return bool(notified_of >= self._item(pair[0]).get("acquired_at", 0))

    def _item(self, key: str) -> Json:
        """The verdict or lease of an image; empty where it does not count any more."""
        if key not in self._known:
            item = self._cache.get(key) or {}
            self._known[key] = item if item.get("ttl", 0) > self._now else {}
        return self._known[key]

    def _silent(self, rows: list[Json]) -> bool:
        newest = max((row["last_seen"] for row in rows), default=self._now)
        return bool(newest < self._now - _SILENT_SECONDS)


def _pair(scan_input: ScanInput, states: Mapping[tuple[str, str], str]) -> tuple[str, str]:
    """The key of the image, by its digest unless its start is noted without one, and the
    workload."""
    workload = workload_of(scan_input)[0]
    unconfirmed = reference_key(scan_input["image"]), workload
    is_noted = states.get(unconfirmed, "stopped") != "stopped"
    return unconfirmed if is_noted else (scan_input["image"]["key"], workload)
