"""Judges the results of all deployments: which of them break the promise.

Its witnesses are independent of the installation: a queue of the account that sees every event, the
images as they were pushed, subscribers of two topics, and what Step Functions and Qualys saw.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sandbox.chaos.kinds import counted
from sandbox.chaos.seen import Judgement
from sandbox.chaos.verdicts import judge_verdicts, named_workload, queued, unnotified, unscanned

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from sandbox.chaos.deployments import Step
    from sandbox.chaos.kinds import Facts
    from sandbox.chaos.seen import Seen

Json = dict[str, Any]
FAILED = ("TIMEOUT", "ERROR", "UNSCANNABLE")


def judge(seen: Seen, fleet: Facts, steps: Iterable[Step], faults: int) -> Judgement:
    """Judges a run. `faults` is how many faults have happened."""
    judgement = Judgement()
    handled = _judge_events(seen, fleet, judgement)
    judge_verdicts(seen, fleet, faults, judgement)
    _judge_scans(seen, judgement)
    _judge_topics(seen, judgement)
    _judge_deployments(seen, fleet, steps, handled, judgement)
    return judgement


def _judge_events(seen: Seen, fleet: Facts, judgement: Judgement) -> set[str]:
    """Checks that each event was handled or is in a queue. Returns the workloads whose events were
    all handled."""
    outcomes = defaultdict(set)
    for intake in seen.intakes:
        outcomes[intake["event_id"]].add(intake["status"])
    failed = {each["id"] for each in seen.failed if "id" in each}
    undelivered = {each["id"] for each in seen.undelivered}
    by_id = {event["id"]: _counter(event, judgement) for event in seen.events}
    by_id |= dict.fromkeys(fleet.requests, judgement.by_request)
    for name, counts in by_id.items():
        ended = outcomes[name]
        if "RUNNING" in ended:
            judgement.wrong.append(f"stuck: the intake of event {name}")
        if name in failed:
            counts["in the failed-events queue"] += 1
        elif "SUCCEEDED" in ended or name in seen.redriven:
            counts["handled"] += 1
        elif name in undelivered:
            counts["in the undelivered-events queue"] += 1
        else:
            judgement.wrong.append(f"lost: event {name}, its intakes {sorted(ended) or 'none'}")
    # Only one event of a workload notifies it. This may be a task's event that still waits.
    waiting = {_workload(each) for each in seen.events if each["id"] in failed | undelivered}
    return {_workload(event) for event in seen.events} - waiting


def _counter(event: Json, judgement: Judgement) -> Counter[str]:
    return judgement.by_event if "eventName" in event["detail"] else judgement.by_task_event


def _workload(event: Json) -> str:
    """The service of a call or of a task, or the family."""
    if group := event["detail"].get("group"):
        return str(group).partition(":")[2]
    given = event["detail"]["requestParameters"]
    return str(given.get("serviceName") or given.get("service") or given.get("taskDefinition"))


def _judge_scans(seen: Seen, judgement: Judgement) -> None:
    """Checks that an image never has two scans at a time, and that every scan ends. Of those from
    repositories of two accounts, one has given way. Images that cannot be scanned must be recorded,
    because the daily digest reads these records."""
    by_key = defaultdict(list)
    for scan in seen.scans:
        by_key[scan["image"]["key"]].append(scan)
        if scan["status"] == "RUNNING":
            judgement.wrong.append(f"stuck: scan {scan['name']}")
    for key, scans in by_key.items():
        judgement.scans[len(scans)] += 1
        scans.sort(key=lambda scan: scan["startDate"])
        by_account = defaultdict(list)
        for scan in scans:
            by_account[scan["image"].get("account_id")].append(scan)
        for each in by_account.values():
            for one, following in itertools.pairwise(each):
                if one["over"] is None or following["startDate"] < one["over"]:
                    judgement.wrong.append(f"two scans at a time: {key}")
    notice = {each["image"]["digest"] for each in seen.notifications if each["verdict"] in FAILED}
    notice |= {key for key, item in seen.verdicts.items() if item["status"] == "UNSCANNABLE"}
    # A scan may die after its result was recorded, and all who waited were notified of that.
    notice |= {key for key, item in seen.verdicts.items() if item.get("announced")}
    queued = json.dumps(seen.failed)
    for key, scans in by_key.items():
        last = scans[-1]["status"]
        if last not in ("SUCCEEDED", "RUNNING") and key not in notice and key not in queued:
            judgement.wrong.append(f"lost alert: the scan of {key} {last}, and nobody was notified")


def _judge_topics(seen: Seen, judgement: Judgement) -> None:
    """Checks that both topics got the same, but for images that a redrive notifies again."""
    machines = {(each["subject"], each["image"]["digest"]) for each in seen.notifications}
    late = queued(seen) | unnotified(seen)
    for subject, digest in sorted(machines ^ set(seen.mails)):
        if digest not in late:
            judgement.wrong.append(f"lost alert: one topic alone got '{subject}' of {digest}")


def _judge_deployments(
    seen: Seen, fleet: Facts, steps: Iterable[Step], handled: set[str], judgement: Judgement
) -> None:
    """Checks that each image of a workload whose events were handled has an outcome, and that the
    workload was notified of a bad one. A tag that was pushed again may mean either image."""
    reached: dict[tuple[str, str], set[str]] = defaultdict(set)
    many, late = set(), unscanned(seen, fleet) | unnotified(seen)
    for notice in seen.notifications:
        digest = notice["image"]["digest"]
        truth = fleet.truths.get(digest)
        if notice["verdict"] == "FINDINGS" and truth and counted(notice) != truth.counts:
            continue  # of the scan before
        reached[digest, notice["verdict"]] |= {
            named_workload(workload) for workload in notice["workloads"]
        }
        if notice["workloads_total"] > len(notice["workloads"]):
            many.add(digest)  # a message names a hundred workloads
    for workload, uri in sorted({(step.workload, uri) for step in steps for uri in step.uris}):
        digests = fleet.tags.get(uri, set())
        if workload not in handled or not digests:
            continue
        failed = {each for each in digests if any(reached[each, verdict] for verdict in FAILED)}
        if not (failed | digests & (seen.verdicts.keys() | queued(seen))):
            judgement.wrong.append(f"no outcome: {uri} of {workload}, {sorted(digests)}")
        if len(digests) == 1 and not digests & many:
            (digest,) = digests
            truth = fleet.truths[digest]
            alert = seen.verdicts.get(digest, {}).get("status") == "FINDINGS" and truth.is_alert
            is_due = alert and not truth.notified and digest not in late
            if is_due and workload not in reached[digest, "FINDINGS"]:
                judgement.wrong.append(f"lost alert: {workload} was not notified of {digest}")
