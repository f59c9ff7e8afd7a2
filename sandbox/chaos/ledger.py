"""What came of everything that was deployed, and what of it breaks the promise.

Its witnesses are not the install's own: a queue of the account that sees every event, the images
as they were pushed, subscribers of two topics, and what Step Functions and Qualys saw.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.chaos.kinds import counted
from sandbox.chaos.verdicts import judge_verdicts, kept, told_place, unscanned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.chaos.deployments import Fleet, Step

Json = dict[str, Any]
FAILED = ("TIMEOUT", "ERROR", "UNSCANNABLE")


@dataclass
class Ledger:
    """`wrong` names each breach of the promise; the other fields are what the report shows."""

    by_event: Counter[str] = field(default_factory=Counter)  # of calls
    by_task_event: Counter[str] = field(default_factory=Counter)
    by_request: Counter[str] = field(default_factory=Counter)  # scans by hand
    by_verdict: Counter[str] = field(default_factory=Counter)
    scans: Counter[int] = field(default_factory=Counter)  # how many images had so many scans
    told: Counter[str] = field(default_factory=Counter)
    # The images of alerts that a place of theirs had heard before, and of alerts of nothing that
    # the version before had not.
    told_again: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Seen:
    """All that the witnesses say at one moment."""

    events: list[Json]
    intakes: list[Json]
    redriven: set[str]  # ids of events
    scans: list[Json]  # executions, each with its `image` and when its scan was `over`
    verdicts: dict[str, Json]
    leases: dict[str, str]  # who holds each
    notifications: list[Json]  # for machines
    mails: list[tuple[str, str]]  # for people: the subject, and the digest of the image
    failed: list[Json]
    undelivered: list[Json]

    @property
    def waiting(self) -> list[str]:
        """The ids of the events in both queues. Lambda keeps the status change of an execution that
        died in a frame, which has none."""
        return [each["id"] for each in (*self.failed, *self.undelivered) if "id" in each]


def judge(seen: Seen, fleet: Fleet, steps: Iterable[Step], faults: int) -> Ledger:
    """`faults` is how many have struck."""
    ledger = Ledger()
    handled = _judge_events(seen, fleet, ledger)
    judge_verdicts(seen, fleet, faults, ledger)
    _judge_scans(seen, ledger)
    _judge_topics(seen, ledger)
    _judge_deployments(seen, fleet, steps, handled, ledger)
    return ledger


def _judge_events(seen: Seen, fleet: Fleet, ledger: Ledger) -> set[str]:
    """Each event was handled, or lies in a queue. Returns the places of which all were handled."""
    outcomes = defaultdict(set)
    for intake in seen.intakes:
        outcomes[intake["event_id"]].add(intake["status"])
    failed = {each["id"] for each in seen.failed if "id" in each}
    undelivered = {each["id"] for each in seen.undelivered}
    by_id = {event["id"]: _counter(event, ledger) for event in seen.events}
    by_id |= dict.fromkeys(fleet.requests, ledger.by_request)
    for name, counts in by_id.items():
        ended = outcomes[name]
        if "RUNNING" in ended:
            ledger.wrong.append(f"stuck: the intake of event {name}")
        if name in failed:
            counts["in the failed-events queue"] += 1
        elif "SUCCEEDED" in ended or name in seen.redriven:
            counts["handled"] += 1
        elif name in undelivered:
            counts["in the undelivered-events queue"] += 1
        else:
            ledger.wrong.append(f"lost: event {name}, its intakes {sorted(ended) or 'none'}")
    # A place is told by one of its events: that of a task may be the one that waits.
    waiting = {_place(each) for each in seen.events if each["id"] in failed | undelivered}
    return {_place(event) for event in seen.events} - waiting


def _counter(event: Json, ledger: Ledger) -> Counter[str]:
    return ledger.by_event if "eventName" in event["detail"] else ledger.by_task_event


def _place(event: Json) -> str:
    """The service of a call or of a task, or the family."""
    if group := event["detail"].get("group"):
        return str(group).partition(":")[2]
    given = event["detail"]["requestParameters"]
    return str(given.get("serviceName") or given.get("service") or given.get("taskDefinition"))


def _judge_scans(seen: Seen, ledger: Ledger) -> None:
    """Never two scans of an image at a time, and none without its end. What cannot be scanned is
    recorded, which is where the daily digest finds it."""
    by_key = defaultdict(list)
    for scan in seen.scans:
        by_key[scan["image"]["key"]].append(scan)
        if scan["status"] == "RUNNING":
            ledger.wrong.append(f"stuck: scan {scan['name']}")
    for key, scans in by_key.items():
        ledger.scans[len(scans)] += 1
        scans.sort(key=lambda scan: scan["startDate"])
        for one, following in itertools.pairwise(scans):
            if one["over"] is None or following["startDate"] < one["over"]:
                ledger.wrong.append(f"two scans at a time: {key}")
    told = {each["image"]["digest"] for each in seen.notifications if each["verdict"] in FAILED}
    told |= {key for key, item in seen.verdicts.items() if item["status"] == "UNSCANNABLE"}
    kept = json.dumps(seen.failed)
    for key, scans in by_key.items():
        last = scans[-1]["status"]
        if last not in ("SUCCEEDED", "RUNNING") and key not in told and key not in kept:
            ledger.wrong.append(f"lost alert: the scan of {key} {last}, and nobody heard")


def _judge_topics(seen: Seen, ledger: Ledger) -> None:
    """What one topic got, the other one got as well."""
    machines = {(each["subject"], each["image"]["digest"]) for each in seen.notifications}
    for subject, digest in sorted(machines ^ set(seen.mails)):
        ledger.wrong.append(f"lost alert: one topic alone got '{subject}' of {digest}")


def _judge_deployments(
    seen: Seen, fleet: Fleet, steps: Iterable[Step], handled: set[str], ledger: Ledger
) -> None:
    """Every image of a place whose events were handled has an outcome, and the place heard of a
    bad one. A tag that was pushed again may stand for either image."""
    heard: dict[tuple[str, str], set[str]] = defaultdict(set)
    many, late = set(), unscanned(seen, fleet)
    for told in seen.notifications:
        digest = told["image"]["digest"]
        truth = fleet.truths.get(digest)
        if told["verdict"] == "FINDINGS" and truth and counted(told) != truth.counts:
            continue  # of the scan before
        heard[digest, told["verdict"]] |= {told_place(place) for place in told["deployed"]}
        if told["deployed_total"] > len(told["deployed"]):
            many.add(digest)  # a message names a hundred places
    for place, uri in sorted({(step.place, uri) for step in steps for uri in step.uris}):
        digests = fleet.tags.get(uri, set())
        if place not in handled or not digests:
            continue
        failed = {each for each in digests if any(heard[each, verdict] for verdict in FAILED)}
        if not (failed | digests & (seen.verdicts.keys() | kept(seen))):
            ledger.wrong.append(f"no outcome: {uri} of {place}, {sorted(digests)}")
        if len(digests) == 1 and not digests & many:
            (digest,) = digests
            truth = fleet.truths[digest]
            alert = seen.verdicts.get(digest, {}).get("status") == "FINDINGS" and truth.is_alert
            is_due = alert and not truth.notified and digest not in late
            if is_due and place not in heard[digest, "FINDINGS"]:
                ledger.wrong.append(f"lost alert: {place} has not heard of {digest}")
