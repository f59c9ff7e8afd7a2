"""Leases and verdicts: one image is scanned once, whoever deploys it.

An item of the table is a lease (`IN_PROGRESS`) or a verdict; either counts until its `ttl`.
DynamoDB removes expired items late, so every condition compares the time itself. The item also
collects the workloads that deploy the image: each of them is notified of its
verdict, once. After a scan without a result it keeps nothing but them: whoever comes next scans,
and all of them are notified.
"""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING, Any, cast

from image_scan.cache import failures, reconciled
from image_scan.cache.elsewhere import is_elsewhere, may_notify
from image_scan.cache.table import CacheTable, ConditionFailedError
from image_scan.contracts import CacheDecision, Lease, Outcome, ScanInput, Workload
from image_scan.errors import AwsUnavailable, ItemTooLarge
from image_scan.events.by_hand import is_by_hand
from image_scan.events.workloads import is_registered, workload_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_IN_PROGRESS = "IN_PROGRESS"
_EXPIRED = "attribute_not_exists(imageDigest) OR (#ttl <= :now AND #status <> :in_progress)"
# `#set0_…` are the steps to a workload, which is all that is set.
_UNCLAIMED = (
    "#status = :verdict AND (attribute_not_exists(#set0_0.#set0_1)"
    " OR #set0_0.#set0_1.claimed_until <= :now"
    " OR (attribute_exists(#set0_0.#set0_1.claimed_until) AND #set0_0.#set0_1.event_id = :event))"
)
# The time too: an event that is delivered again may have taken the lease again.
_HELD = "#owner = :owner AND acquired_at = :acquired_at AND #status = :in_progress"
_VERSION = ("status", "ttl", "acquired_at")
_NO_RESULT = ("TIMEOUT", "ERROR")
_FREE = ("UNSCANNABLE", *_NO_RESULT)  # whoever comes next may scan
# All findings are an item of their own: the image's is written at each of its deployments.
_RESULT = tuple(name for name in Outcome.__annotations__ if name not in ("verdict", "listed"))
_SHOWN = ("uri", "account_id", "region", "repository", "tag", "digest")
# An ECR image that is known only by account, region, repository and tag may be another one soon.
_TAG_ONLY_SECONDS = 3600
# A result that Qualys did not renew: it may still be about to.
_NOT_FRESH_SECONDS = 86_400
# Longer than a notification takes, with its retries.
_CLAIM_SECONDS = 300
_SKIP = CacheDecision(decision="skip", lease=None, outcome=None)


class ScanCache:
    """Every method raises AwsUnavailable or AwsRejected: trouble is neither a hit nor a miss."""

    def __init__(
        self,
        table: CacheTable,
        may_notify: Callable[[Outcome], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._may_notify = may_notify
        self._clock = clock

    def decide(
        self,
        scan_input: ScanInput,
        lease_seconds: int,
        running: Mapping[str, Workload] | None = None,
    ) -> CacheDecision:
        """Takes the lease of an image that nobody knows, else says what is to be done with it.

        A scan by hand is for `running`, too: the workloads that are known to run the image."""
        if (state := scan_input.get("task")) and state["stopped"]:
            return _SKIP
        for _ in range(3):
            if scan_input["image"]["unscannable"] and (known := self._unscannable(scan_input)):
                return known
            lease, item = self._claim(scan_input, lease_seconds, running or {})
            if item is None:
                return _with(lease, scan_input["image"]["unscannable"])
            if item["status"] in _FREE and not _was_notified(scan_input, item):
                continue  # another took it meanwhile, and has given it back
            if item["status"] != _IN_PROGRESS:
                return self._known_verdict(scan_input, item)
            if item["owner"] == lease["owner"]:
                # This very delivery, tried again: the lease is the one it took before.
                lease = self._lease(scan_input, item["acquired_at"])
                return _with(lease, item.get("reason", ""))
            if (
                _only_registers(scan_input)
                or _was_notified(scan_input, item)
                or self._join(scan_input, item)
            ):
                return _SKIP
        raise AwsUnavailable("the image's item changed each time it was read")

    def workloads_of(self, lease: Lease) -> dict[str, Workload] | None:
        """The workloads that wait for a lease; None when it is no longer held: they were
        notified."""
        item = self._table.get(lease["key"]) or {}
        if item.get("status") != _IN_PROGRESS or _holder(item) != _holder(lease):
            return None
        workloads: dict[str, Workload] = item["workloads"]
        return workloads

    def record(
        self, lease: Lease, outcome: Outcome, ttl_seconds: int, workloads: Mapping[str, Workload]
    ) -> bool:
        """Turns a lease into its verdict, if no workload has joined those that are notified."""
        changes = {
            "ttl": self._verdict_end(lease["key"], _lifetime(outcome, ttl_seconds)),
            **{name: value for name, value in outcome.items() if name in _RESULT},
        }
        return self._end(lease, outcome, workloads, changes)

    def free(
        self, lease: Lease, outcome: Outcome, ttl_seconds: int, workloads: Mapping[str, Workload]
    ) -> bool:
        """The same without a result: the workloads are to be notified of the next one."""
        changes = {"ttl": self._now() + ttl_seconds, "reason": outcome.get("reason", "")}
        return self._end(lease, outcome, workloads, changes)

    def unaware(
        self, lease: Lease, outcome: Outcome, workloads: Mapping[str, Workload]
    ) -> dict[str, Workload]:
        """Those of the workloads that the scan before has not notified of this same failure."""
        if outcome["verdict"] not in _NO_RESULT:
            return dict(workloads)
        return failures.unaware(self._table.get(lease["key"]) or {}, outcome, workloads)

    def keep_findings(self, lease: Lease, outcome: Outcome, ttl_seconds: int) -> None:
        """Twice as long as the verdict: the next version is compared with them. Those that are too
        many replace what an earlier scan has found, too: they are unknown then."""
        if "listed" in outcome:
            listed, until = outcome["listed"], self._now() + 2 * ttl_seconds
            self._table.put(
                {"imageDigest": findings_key(lease["key"]), "listed": listed, "ttl": until}
            )

    def findings_of(self, key: str) -> str:
        """What was stored; empty where they are unknown."""
        item = self._table.get(findings_key(key)) or {}
        return str(item.get("listed", ""))

    def record_notified(self, scan_input: ScanInput, outcome: Outcome, ttl_seconds: int) -> None:
        """Records that a workload was notified of a known verdict, or of an unscannable image."""
        workload, facts = workload_of(scan_input)
        key = scan_input["image"]["key"]
        try:
            changes: dict[str, Any] = {f"workloads.{workload}": facts}
            if outcome["verdict"] == "UNSCANNABLE":
                changes["ttl"] = self._verdict_end(key, ttl_seconds)
                changes["reason"] = outcome.get("reason", "")
                changes["claimed_by"] = ""
            verdict = outcome["verdict"]
            self._table.update(key, changes, "#status = :verdict", verdict=verdict)
        except (ConditionFailedError, ItemTooLarge):
            return  # it has moved on, or is full; at worst the workload is notified once more

    def _end(
        self,
        lease: Lease,
        outcome: Outcome,
        workloads: Mapping[str, Workload],
        changes: Mapping[str, Any],
    ) -> bool:
        changes = {"status": outcome["verdict"], **changes}
        condition = f"{_HELD} AND size(workloads) = :workloads"
        values = {**_holder(lease), "workloads": len(workloads)}
        try:
            self._table.update(lease["key"], changes, condition, **values)
        except ConditionFailedError:
            return False
        return True

    def _unscannable(self, scan_input: ScanInput) -> CacheDecision | None:
        """None where workloads wait for the result of a scan that began when one could be asked
        for: all of them are to be notified."""
        outcome = Outcome(verdict="UNSCANNABLE", reason=scan_input["image"]["unscannable"])
        if is_by_hand(scan_input["deployment"]):
            # Recorded, it would count as notified for the workload that comes next.
            return CacheDecision(decision="skip", lease=None, outcome=outcome)
        item = self._table.get(scan_input["image"]["key"])
        if item and item["status"] in (_IN_PROGRESS, *_NO_RESULT):
            is_held = item["status"] == _IN_PROGRESS and item["ttl"] > self._now()
            is_ours = is_held or not is_elsewhere(scan_input["image"], item)
            return None if is_ours else self._apart(scan_input, item, outcome)
        if item and item["ttl"] > self._now() and item.get("claimed_by") != scan_input["event_id"]:
            return self._known_verdict(scan_input, item)
        if _only_registers(scan_input) or _is_awaited(scan_input):
            return _SKIP  # a pipeline may register before it pushes
        workload, facts = workload_of(scan_input)
        claim = {
            **_identity(scan_input),
            "status": "UNSCANNABLE",
            "ttl": self._now() + _CLAIM_SECONDS,
            "workloads": {workload: facts},
            "claimed_by": scan_input["event_id"],
        }
        try:
            self._table.put(
                claim,
                f"{_EXPIRED} OR claimed_by = :event",
                event=scan_input["event_id"],
                **self._at(),
            )
        except ConditionFailedError:
            return _SKIP  # another event has been faster
        return CacheDecision(decision="notify", lease=None, outcome=outcome)

    def _apart(
        self, scan_input: ScanInput, item: Mapping[str, Any], outcome: Outcome
    ) -> CacheDecision:
        """What has failed in one repository is not ended by another one without a tag for it."""
        is_new = not (_only_registers(scan_input) or _is_awaited(scan_input))
        if is_new and may_notify(self._table, item, *workload_of(scan_input)):
            return CacheDecision(decision="notify", lease=None, outcome=outcome)
        return _SKIP

    def _known_verdict(self, scan_input: ScanInput, item: Mapping[str, Any]) -> CacheDecision:
        """Notifies a workload of a known bad verdict, once. A call and its tasks come within
        seconds, so the first event claims the notification; if it fails, its redrive may claim it
        again."""
        result = {name: item[name] for name in _RESULT if name in item}
        outcome = cast("Outcome", {"verdict": item["status"], **result})
        workload, facts = workload_of(scan_input)
        known = item["workloads"].get(workload)
        reached = known is not None and "claimed_until" not in known
        is_quiet = item["status"] != "FINDINGS" or not self._may_notify(outcome)
        if reached and not is_quiet and reconciled.may_judge_again(scan_input, item, self._table):
            return CacheDecision(decision="notify", lease=None, outcome=outcome, again=True)
        by_hand = is_by_hand(scan_input["deployment"])  # who asked reads the verdict
        if _only_registers(scan_input) or by_hand or reached or is_quiet:
            return _SKIP
        claim = {**facts, "claimed_until": self._now() + _CLAIM_SECONDS}
        values = {"verdict": item["status"], "now": self._now(), "event": scan_input["event_id"]}
        try:
            self._table.update(
                item["imageDigest"], {f"workloads.{workload}": claim}, _UNCLAIMED, **values
            )
        except ConditionFailedError:
            return _SKIP
        except ItemTooLarge:
            pass  # at worst the workload is notified once more
        return CacheDecision(decision="notify", lease=None, outcome=outcome)

    def _claim(
        self, scan_input: ScanInput, seconds: int, running: Mapping[str, Workload]
    ) -> tuple[Lease, dict[str, Any] | None]:
        """The lease, and the item that stands in its way: None when it was taken."""
        workload, facts = workload_of(scan_input)
        workloads = {**running, workload: facts}
        # Not in seconds: a scan can end, and its event come again, within one.
        lease = self._lease(scan_input, int(self._clock() * 1000))
        item = self._leased(scan_input, lease, seconds, workloads)
        try:
            self._table.put(item, _EXPIRED, **self._at())
            return lease, None
        except ConditionFailedError as failed:
            known = failed.item
            if not self._may_be_scanned(scan_input, known, lease):
                return lease, known
        # If only the answer was lost, this event took the first lease, and its second delivery may
        # have used the name and be done. So this is another lease, over what was seen and no other.
        before = known.get("acquired_at", 0)
        lease = self._lease(scan_input, max(int(self._clock() * 1000), before + 1))
        waiting, failure = {**_unclaimed(known["workloads"]), **workloads}, {}
        if known["status"] in _NO_RESULT and reconciled.may_scan_again(scan_input, known):
            # Nobody has deployed anything: the workload is the one that is known.
            waiting = {**workloads, **_unclaimed(known["workloads"])}
            failure = failures.before(known)
        item = {**self._leased(scan_input, lease, seconds, waiting), **failure}
        as_seen: dict[str, Any] = {name: known[name] for name in _VERSION if name in known}
        try:
            self._table.put(item, _as_seen(as_seen), **as_seen)
        except ConditionFailedError as failed:
            return lease, failed.item
        return lease, None

    def _leased(
        self, scan_input: ScanInput, lease: Lease, seconds: int, workloads: Mapping[str, Any]
    ) -> dict[str, Any]:
        item = {
            **_identity(scan_input),
            "status": _IN_PROGRESS,
            "owner": lease["owner"],
            "acquired_at": lease["acquired_at"],
            "ttl": lease["acquired_at"] // 1000 + seconds,
            "workloads": workloads,
        }
        reason = scan_input["image"]["unscannable"]
        return {**item, "reason": reason} if reason else item

    def _may_be_scanned(self, scan_input: ScanInput, item: Mapping[str, Any], lease: Lease) -> bool:
        """Though it has an item: without a result, or when its scan died. Past a verdict if that is
        asked for, but not twice for the same request."""
        if item["status"] == _IN_PROGRESS:
            return bool(item["ttl"] <= self._now())
        if item["status"] in _FREE and "owner" in item and _was_notified(scan_input, item):
            # A scan has ended so, and each task that starts would scan again.
            return item["status"] in _NO_RESULT and reconciled.may_scan_again(scan_input, item)
        forced = scan_input.get("force", False) and item.get("owner") != lease["owner"]
        return item["status"] in _FREE or forced

    def _join(self, scan_input: ScanInput, item: Mapping[str, Any]) -> bool:
        """Adds a workload to somebody else's running scan; False when that scan has just ended."""
        workload, facts = workload_of(scan_input)
        changes = {f"workloads.{workload}": facts}
        try:
            self._table.update(scan_input["image"]["key"], changes, _HELD, **_holder(item))
        except ConditionFailedError:
            return False
        return True

    def _lease(self, scan_input: ScanInput, acquired_at: int) -> Lease:
        key = scan_input["image"]["key"]
        owner = hashlib.sha256(f"{scan_input['event_id']} {key}".encode()).hexdigest()[:16]
        repository = re.sub(r"[^a-z0-9]+", "-", scan_input["image"]["repository"])[-30:].strip("-")
        short = key if key.startswith("sha256:") else hashlib.sha256(key.encode()).hexdigest()
        image = short.removeprefix("sha256:")[:12]
        name = f"{repository}-{image}-{owner}-{acquired_at}"
        return Lease(key=key, owner=owner, acquired_at=acquired_at, execution_name=name)

    def _verdict_end(self, key: str, ttl_seconds: int) -> int:
        by_tag = re.fullmatch(r"[0-9]{12}/[^@]*", key)
        return self._now() + (min(ttl_seconds, _TAG_ONLY_SECONDS) if by_tag else ttl_seconds)

    def _at(self) -> dict[str, Any]:
        return {"now": self._now(), "in_progress": _IN_PROGRESS}

    def _now(self) -> int:
        return int(self._clock())


def findings_key(key: str) -> str:
    """Of the item that holds all findings of an image."""
    return f"findings#{key}"


def _with(lease: Lease, unscannable: str) -> CacheDecision:
    """What the holder of a lease does: scan, or notify all workloads that no scan is possible."""
    if not unscannable:
        return CacheDecision(decision="scan", lease=lease, outcome=None)
    outcome = Outcome(verdict="UNSCANNABLE", reason=unscannable)
    return CacheDecision(decision="notify", lease=lease, outcome=outcome)


def _unclaimed(workloads: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        workload: {name: value for name, value in facts.items() if name != "claimed_until"}
        for workload, facts in workloads.items()
    }


def _lifetime(outcome: Outcome, ttl_seconds: int) -> int:
    return ttl_seconds if outcome.get("fresh", True) else min(ttl_seconds, _NOT_FRESH_SECONDS)


def _only_registers(scan_input: ScanInput) -> bool:
    """A registered task definition runs nowhere yet: its new images are scanned, no more."""
    return is_registered(scan_input["deployment"])


def _is_awaited(scan_input: ScanInput) -> bool:
    """Whether its task is still to come: until then nothing was pulled from a repository that did
    not exist when the call was made."""
    return scan_input["image"].get("awaited", False) and scan_input.get("task") is None


def _was_notified(scan_input: ScanInput, item: Mapping[str, Any]) -> bool:
    """Whether this is one more task of a workload that is known: nobody has deployed anything."""
    return scan_input.get("task") is not None and workload_of(scan_input)[0] in item["workloads"]


def _identity(scan_input: ScanInput) -> dict[str, Any]:
    image = cast("dict[str, Any]", scan_input["image"])
    return {"imageDigest": image["key"], **{name: image[name] for name in _SHOWN}}


def _holder(held: Mapping[str, Any]) -> dict[str, Any]:
    """Of a lease, or of its item."""
    names = ("owner", "acquired_at")
    return {**{name: held[name] for name in names}, "in_progress": _IN_PROGRESS}


def _as_seen(seen: Mapping[str, Any]) -> str:
    """The condition that an item is still the one that was read."""
    same = ["#status = :status", "#ttl = :ttl"]
    never_held = "attribute_not_exists(acquired_at)"
    same.append("acquired_at = :acquired_at" if "acquired_at" in seen else never_held)
    return " AND ".join(same)
