"""Coverage: what runs against what has a verdict, and what the events have missed.

For every account's region in the inventory, and our own, the running tasks are listed. An image
without a verdict, one that the inventory does not know to run there, or one whose workload was not
notified of its findings, goes through the intake as an event of the task; a row that nothing runs
any more is closed. What ended as ERROR or TIMEOUT is scanned again, once for each run, and findings
that are worth a notification are judged again. What is out of scope is recorded as that, and no
more. For anything else a second run finds nothing to do.

An account that does not answer, or not in its share of the time, stops no other. Of what was not
seen there nothing is closed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from image_scan import log, metrics
from image_scan.cache.entries import FAILURES, RESULTS, as_now, brief
from image_scan.cache.turns import is_elsewhere
from image_scan.ecr.keys import reference_key
from image_scan.errors import AwsRejected
from image_scan.events.scope import EVERYTHING
from image_scan.events.workloads import workload_of
from image_scan.inventory import regions
from image_scan.inventory.coverage import Found, Running, UnscannableImage, failure_of
from image_scan.inventory.departed import present
from image_scan.inventory.open_findings import repository_of
from image_scan.inventory.running_tasks import NoAnswerError, RunningTasks, Started
from image_scan.inventory.sending import Sending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from image_scan.aws.cross_account import Accounts
    from image_scan.cache.table import CacheTable
    from image_scan.contracts import Image, ScanInput
    from image_scan.events.scope import Scope
    from image_scan.inventory.regions import Pair, Region, Rows, Where
    from image_scan.inventory.shares import Allowance, TimeShares
    from image_scan.inventory.workloads import Inventory
    from image_scan.results import Outcome
    from image_scan.state.coverage import CoverageHistory

Json = dict[str, Any]

# A workload that was seen lately may be about to start.
_STABLE_SECONDS = 3600
_OUT_OF_TIME = "it took more than its share of the time; the next reconciliation tries again"


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
        self._cache = cache
        self._inventory = inventory
        self._history = history
        self._start = start
        self._sending = Sending(self._send, now)
        self._may_notify = may_notify
        self._now = int(now)
        self._known: dict[str, Json] = {}
        self._allowance: Allowance | None = None
        self.unscannable: Mapping[str, UnscannableImage] = {}
        self.failed: Mapping[str, UnscannableImage] = {}
        self.fresh: Mapping[str, Running] = {}
        self.registries: set[Where] = set()
        self.sent: set[tuple[str, str]] = set()
        self.unread: Mapping[Where, str] = {}

    def run(self, home: Where, shares: TimeShares, scope: Scope = EVERYTHING) -> Json:
        """Everything once; what was found, as it is stored and shown, with the `scans` that the
        intake was asked for. Then `unscannable`, `failed`, `fresh` and the ECR `registries` are
        set, `sent`: accounts and repositories of which something was sent to the intake, and
        `unread`: where something may run that was not seen, and why."""
        at = datetime.fromtimestamp(self._now, UTC).isoformat()
        running, found = RunningTasks(self._accounts, scope, at), Found()
        seen = regions.read(home, present(self._inventory.rows()), self._now)
        work = {where: self._work(each, running, found) for where, each in seen.items()}
        try:
            found.unreadable |= dict.fromkeys(shares.take(work), _OUT_OF_TIME)
        finally:
            self._allowance = shares.allowance(len({account for account, _ in seen}))
            for event, refused in self._sending.finish():
                found.unreadable[event["account"], event["region"]] = str(refused)
        self.unread = found.unreadable
        for (account, region), reason in found.unreadable.items():
            log.error("account not read", account=account, region=region, reason=reason)
        summary = {
            "at": at,
            **found.summary(),
            "silent": regions.silent(seen, self._now),
            "unreadable": regions.listed(found.unreadable, home),
        }
        self.unscannable, self.failed, self.fresh = found.unscannable, found.failed, found.fresh
        self._history.add(summary)
        for name, value in found.figures().items():
            metrics.count(name, value)
        log.info("reconciled", **{name: value for name, value in summary.items() if name != "at"})
        return {**summary, **found.answer()}

    def _work(self, region: Region, running: RunningTasks, found: Found) -> Iterator[object]:
        """Reconciles a region, step by step."""
        try:
            for step in running.at(*region.where):
                if isinstance(step, Started):
                    self._look(step, region, found)
                yield step
        except (NoAnswerError, AwsRejected) as error:
            found.unreadable[region.where] = str(error)
            return
        for pair, row in region.rows.items():
            over = row["state"] != "stopped" and pair not in found.running
            if over and row["last_seen"] < self._now - _STABLE_SECONDS:
                self._inventory.close(*pair, row["last_seen"] if row["state"] == "deployed" else 0)
                found.closed += 1
                yield None

    def _look(self, started: Started, region: Region, found: Found) -> None:
        """Compares a task with what is known, and sends it to the intake where that lacks."""
        event, rows = started.event, region.rows
        met = [(task, _pair(task, region)) for task in started.tasks]
        self._note_results(met, event, found)
        lacking = [each for each in met if self._lacks(*each, region, found)]
        inside = [pair for task, pair in met if "out_of_scope" not in task["image"]]
        due = {
            pair[0] for pair in inside if self._is_bad(pair[0]) and self._was_notified(pair, rows)
        }
        due -= found.bad
        found.bad |= due
        if lacking or due:
            self._sending.send(event, [self._to_scan(*each) for each in lacking])
        found.sent.update(pair for _, pair in lacking)
        self.sent |= {(region.where[0], repository_of(task["image"])) for task, _ in lacking}
        self._note_scans(lacking, found)

    def _send(self, event: Json) -> None:
        if self._allowance is None:
            self._start(event)
        elif not self._allowance.use(event["account"], lambda: self._start(event)):
            raise AwsRejected(_OUT_OF_TIME)

    def _lacks(self, scan_input: ScanInput, pair: Pair, region: Region, found: Found) -> bool:
        """Whether a running image is without a verdict, or its workload not known to run it, or not
        notified of it: who deploys an image whose verdict has run out waits alone for the next."""
        item, image = self._item(pair[0]), scan_input["image"]
        row, is_running = region.rows.get(pair, {}), region.state(pair) == "running"
        is_marked = row.get("out_of_scope") == image.get("out_of_scope")
        if "out_of_scope" in image:
            found.left_out.add(pair[0])
            found.running.add(pair)
            return pair not in found.sent and not (is_marked and is_running)
        if image["account_id"]:
            self.registries.add((image["account_id"], image["region"]))
        status = self._count(image, pair, found)
        # Here a scan may be asked for; and findings that somebody waits for.
        is_open = status == "UNSCANNABLE" and is_elsewhere(image, item)
        is_open |= self._is_bad(pair[0]) and not self._was_notified(pair, region.rows)
        # An image that is not in ECR has no entry: its row alone says whether that was notified.
        is_foreign = not image["account_id"]
        has_verdict = bool(status) or (is_foreign and "notified_as" in row)
        is_known = has_verdict and is_running and is_marked and not is_open
        return pair not in found.sent and not is_known

    def _count(self, image: Image, pair: Pair, found: Found) -> str:
        """Counts a running image by what is known of it. Returns its verdict, empty without one."""
        key, workload = pair
        found.images.add(key)
        found.running.add(pair)
        item = self._item(key)
        status = "" if (failed := failure_of(item)) else item.get("status", "")
        if status == "UNSCANNABLE" or (not status and image["unscannable"]):
            reason = image["unscannable"] or item.get("reason") or "no scan can be asked for"
            known = found.unscannable.setdefault(key, UnscannableImage(image["uri"], reason))
            known.workloads.add(workload)
        elif failed:
            without = UnscannableImage(image["uri"], failed["reason"], verdict=failed["verdict"])
            found.failed.setdefault(key, without).workloads.add(workload)
        return str(status)

    def _note_results(
        self, met: Iterable[tuple[ScanInput, Pair]], event: Json, found: Found
    ) -> None:
        for task, (key, _) in met:
            image, item = task["image"], self._item(key)
            # A copy of it may not be scanned as well.
            is_better = key not in found.fresh or not is_elsewhere(image, item)
            if item.get("status") in RESULTS and "out_of_scope" not in image and is_better:
                found.fresh[key] = Running(task, event, item)

    def _note_scans(self, lacking: Iterable[tuple[ScanInput, Pair]], found: Found) -> None:
        """The images of an event that was sent which the intake has to scan."""
        for task, (key, workload) in lacking:
            image, item = task["image"], self._item(key)
            is_out = bool(image["unscannable"]) or "out_of_scope" in image
            if is_out or (item and item["status"] not in FAILURES):
                continue
            why = f"{item['status']}: {item.get('reason', '')}" if item else "no verdict"
            asked = {"key": key, "image": image["uri"], "why": why, "workloads": []}
            found.scans.setdefault(key, asked)["workloads"].append(workload)

    def _is_bad(self, key: str) -> bool:
        """Whether somebody may have to be notified of a verdict: the intake judges it again."""
        item = self._item(key)
        outcome = cast("Outcome", {**item, "verdict": item.get("status")})
        return bool(item) and item["status"] == "FINDINGS" and self._may_notify(outcome)

    def _was_notified(self, pair: Pair, rows: Rows) -> bool:
        """Whether a workload was notified of a bad verdict; the same test as in CheckCache."""
        notified_of = rows.get(pair, {}).get("notified_of", 0)
        return bool(notified_of >= self._item(pair[0]).get("acquired_at", 0))

    def _to_scan(self, task: ScanInput, pair: Pair) -> tuple[str, Image, Mapping[str, Any]]:
        return pair[0], task["image"], self._entry(pair[0])

    def _item(self, key: str) -> Json:
        """The verdict or lease of an image; empty where it does not count any more."""
        return as_now(self._entry(key), self._now)

    def _entry(self, key: str) -> Json:
        if key not in self._known:
            self._known[key] = brief(self._cache.get(key) or {})
        return self._known[key]


def _pair(scan_input: ScanInput, region: Region) -> Pair:
    """The key of the image, by its digest unless its start is noted without one, and the
    workload."""
    workload = workload_of(scan_input)[0]
    own = scan_input["image"]["key"], workload
    unconfirmed = reference_key(scan_input["image"]), workload
    noted, known = (region.rows.get(each, {}) for each in (unconfirmed, own))
    is_noted = noted.get("state", "stopped") != "stopped"
    # ECR may show it since, or show it no more: the later event says which.
    is_later = known.get("state") == "running" and known["last_seen"] > noted.get("last_seen", 0)
    return unconfirmed if is_noted and not is_later else own
