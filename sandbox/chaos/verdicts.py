"""Checks verdicts and notifications against the images that were pushed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sandbox.chaos.kinds import EXAMINED, SECRET, counted

if TYPE_CHECKING:
    from sandbox.chaos.kinds import Facts, Truth
    from sandbox.chaos.seen import Judgement, Seen

Json = dict[str, Any]


def judge_verdicts(seen: Seen, fleet: Facts, faults: int, judgement: Judgement) -> None:
    """Checks that recorded verdicts are true, and that nothing is incomplete."""
    judgement.wrong += [f"stuck: a lease on {key}" for key in seen.leases.keys() - queued(seen)]
    late = unscanned(seen, fleet)
    for key, item in seen.verdicts.items():
        judgement.by_verdict[item["status"]] += 1
        truth = fleet.truths.get(key)
        if not truth:
            continue
        found = counted(item)
        if item["status"] == "CLEAN" and truth.due != "CLEAN":
            judgement.wrong.append(f"false clean: {truth}, {item.get('reason', '')}")
        true = (truth.counts, truth.before) if key in late else (truth.counts,)
        if item["status"] == "FINDINGS" and found not in true:
            judgement.wrong.append(f"false counts: {truth} has {found}")
        elif item["status"] in ("CLEAN", "FINDINGS") and EXAMINED - {*item.get("examined", [])}:
            judgement.wrong.append(f"not examined: {truth}, {item.get('reason', '')}")
    if SECRET in json.dumps([seen.verdicts, seen.notifications, seen.failed], default=str):
        judgement.wrong.append("shown: the value of a secret")
    _judge_alerts(seen, fleet, faults, judgement)


def _judge_alerts(seen: Seen, fleet: Facts, faults: int, judgement: Judgement) -> None:
    """Checks that each notification is true. Only if a fault hid that it was sent, it may be
    repeated, or name findings that are known from the version before."""
    reached: set[tuple[str, ...]] = set()
    for notice in seen.notifications:
        judgement.notifications[notice["verdict"]] += 1
        key, found = notice["image"]["digest"], counted(notice)
        truth = fleet.truths.get(key)
        if notice["verdict"] != "FINDINGS":
            continue
        # A registered task definition is in no cluster.
        deployed = [each for each in notice["workloads"] if each["cluster"]]
        workloads = {(key, str(found), each["cluster"], named_workload(each)) for each in deployed}
        if workloads & reached:
            judgement.notified_again.append(key)
        reached |= workloads
        if truth and not _is_true(truth, found):
            judgement.wrong.append(f"false alert: {truth} notified as {found}")
        if truth and truth.notified and workloads:
            judgement.needless.append(key)
    for name, of in (("twice", judgement.notified_again), ("though known", judgement.needless)):
        if len(of) > faults:
            judgement.wrong.append(f"notified {name}: {len(of)} alerts, with {faults} faults: {of}")


def _is_true(truth: Truth, found: Any) -> bool:
    """Checks that an alert has the image's counts, now or before it was scanned again."""
    return truth.is_alert and found in (truth.counts, truth.before)


def named_workload(workload: Json) -> str:
    """As a message names it: the service, or the family."""
    return str(workload["service"] or workload["task_definition"].rsplit("/")[-1].split(":")[0])


def stored_workload(row: Json) -> str:
    """As an id names it: the service, or the family of a task without one."""
    return str(row["workload"]).rsplit("#", 1)[-1].removeprefix("family:")


def queued(seen: Seen) -> set[str]:
    """Returns images whose scan is that of an event in a queue. Its redrive scans them for all
    workloads that wait, or notifies of the verdict."""
    ended = {key: item["owner"] for key, item in seen.verdicts.items() if "owner" in item}
    return {
        key
        for key, owner in {**ended, **seen.leases}.items()
        for event in seen.waiting
        if hashlib.sha256(f"{event} {key}".encode()).hexdigest().startswith(owner)
    }


def unscanned(seen: Seen, fleet: Facts) -> set[str]:
    """Returns images that a request in a queue will scan again."""
    return {fleet.requests[event] for event in seen.waiting if event in fleet.requests}


def unnotified(seen: Seen) -> set[str]:
    """The images whose completion waits in a queue: its redrive notifies who waits for it."""
    images = [str((each.get("detail") or {}).get("image", "")) for each in seen.failed]
    return {image.partition("@")[2] for image in images} - {""}
