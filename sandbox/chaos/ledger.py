"""What came of everything that was deployed, and what of it breaks the promise.

Its witnesses are not the install's own: a queue of the account that sees every event, the images
as they were pushed, the subscriber of the topic, and what Step Functions and Qualys saw.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.chaos.deployments import Fleet, Step
    from sandbox.install import Install

Json = dict[str, Any]
FAILED = ("TIMEOUT", "ERROR", "UNSCANNABLE")
# The details of what the install has to see: calls, and tasks that start or stop.
WATCHED: tuple[Json, ...] = (
    {"eventName": ["RegisterTaskDefinition", "RunTask", "CreateService", "UpdateService"]},
    {"lastStatus": ["RUNNING"], "desiredStatus": ["RUNNING"]},
    {"lastStatus": ["STOPPED"]},
)


class Witness:
    """A rule and a queue of their own, that see what the default bus sees."""

    def __init__(self, install: Install) -> None:
        self._install = install
        sqs, events = install.client("sqs"), install.client("events")
        self._url = sqs.create_queue(QueueName="witness")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        arn = arn["Attributes"]["QueueArn"]
        pattern = {"source": ["aws.ecs"], "$or": [{"detail": each} for each in WATCHED]}
        rule = events.put_rule(Name="witness", EventPattern=json.dumps(pattern))["RuleArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        events.put_targets(Rule="witness", Targets=[{"Id": "queue", "Arn": arn}])

    def events(self) -> list[Json]:
        return [json.loads(each["Body"]) for each in self._install.messages(self._url)]


@dataclass
class Ledger:
    """`wrong` names each breach of the promise; the other fields are what the report shows."""

    by_event: Counter[str] = field(default_factory=Counter)  # of calls
    by_task_event: Counter[str] = field(default_factory=Counter)
    by_verdict: Counter[str] = field(default_factory=Counter)
    scans: Counter[int] = field(default_factory=Counter)  # how many images had so many scans
    told: Counter[str] = field(default_factory=Counter)
    told_again: int = 0  # alerts that a place of theirs had heard before
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
    notifications: list[Json]
    failed: list[Json]
    undelivered: list[Json]


def judge(seen: Seen, fleet: Fleet, steps: Iterable[Step], faults: int) -> Ledger:
    """`faults` is how many have struck."""
    ledger = Ledger()
    handled = _judge_events(seen, ledger)
    _judge_verdicts(seen, fleet, faults, ledger)
    _judge_scans(seen, ledger)
    _judge_deployments(seen, fleet, steps, handled, ledger)
    return ledger


def _judge_events(seen: Seen, ledger: Ledger) -> set[str]:
    """Each event was handled, or lies in a queue. Returns the places of which all were handled."""
    outcomes = defaultdict(set)
    for intake in seen.intakes:
        outcomes[intake["event_id"]].add(intake["status"])
    # Lambda keeps the status change of an execution that died in a frame.
    failed = {each["id"] for each in seen.failed if "id" in each}
    undelivered = {each["id"] for each in seen.undelivered}
    waiting = set()
    for event in seen.events:
        name, ended = event["id"], outcomes[event["id"]]
        counts = ledger.by_event if "eventName" in event["detail"] else ledger.by_task_event
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
        if name in failed | undelivered:
            waiting.add(_place(event))
    # A place is told by one of its events: that of a task may be the one that waits.
    return {_place(event) for event in seen.events} - waiting


def _place(event: Json) -> str:
    """The service of a call or of a task, or the family."""
    if group := event["detail"].get("group"):
        return str(group).partition(":")[2]
    given = event["detail"]["requestParameters"]
    return str(given.get("serviceName") or given.get("service") or given.get("taskDefinition"))


def _judge_verdicts(seen: Seen, fleet: Fleet, faults: int, ledger: Ledger) -> None:
    """What is recorded and told is true, and nothing is left half done. An alert is told again
    only when a fault hid that it had been told."""
    ledger.wrong += [f"stuck: a lease on {key}" for key in seen.leases.keys() - _kept(seen)]
    for key, item in seen.verdicts.items():
        ledger.by_verdict[item["status"]] += 1
        truth = fleet.truths.get(key)
        if not truth:
            continue
        counted = {name: int(item.get("counts", {}).get(name, 0)) for name in truth.counts}
        if item["status"] == "CLEAN" and truth.due != "CLEAN":
            ledger.wrong.append(f"false clean: {truth}")
        elif item["status"] == "FINDINGS" and counted != truth.counts:
            ledger.wrong.append(f"false counts: {truth} has {counted}")
    heard: set[tuple[str, str]] = set()
    for told in seen.notifications:
        ledger.told[told["verdict"]] += 1
        key = told["image"]["digest"]
        if told["verdict"] == "FINDINGS":
            places = {(key, _told_place(each)) for each in told["deployed"]}
            ledger.told_again += bool(places & heard)
            heard |= places
        truth = fleet.truths.get(key)
        if told["verdict"] == "FINDINGS" and truth and not truth.is_alert:
            ledger.wrong.append(f"false alert: {truth}")
    if ledger.told_again > faults:
        ledger.wrong.append(f"told twice: {ledger.told_again} alerts, with {faults} faults")


def _told_place(place: Json) -> str:
    """As a message names it: the service, or the family."""
    return str(place["service"] or place["task_definition"].rsplit("/")[-1].split(":")[0])


def _kept(seen: Seen) -> set[str]:
    """The images whose lease is held by an event that waits in a queue: its redrive scans them, for
    all places that joined."""
    events = [each["id"] for each in (*seen.failed, *seen.undelivered) if "id" in each]
    return {
        key
        for key, owner in seen.leases.items()
        for event in events
        if hashlib.sha256(f"{event} {key}".encode()).hexdigest().startswith(owner)
    }


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


def _judge_deployments(
    seen: Seen, fleet: Fleet, steps: Iterable[Step], handled: set[str], ledger: Ledger
) -> None:
    """Every image of a place whose events were handled has an outcome, and the place heard of a
    bad one. A tag that was pushed again may stand for either image."""
    heard: dict[tuple[str, str], set[str]] = defaultdict(set)
    many = set()
    for told in seen.notifications:
        digest = told["image"]["digest"]
        heard[digest, told["verdict"]] |= {_told_place(place) for place in told["deployed"]}
        if told["deployed_total"] > len(told["deployed"]):
            many.add(digest)  # a message names a hundred places
    for place, uri in sorted({(step.place, uri) for step in steps for uri in step.uris}):
        digests = fleet.tags.get(uri, set())
        if place not in handled or not digests:
            continue
        failed = {each for each in digests if any(heard[each, verdict] for verdict in FAILED)}
        if not (failed | digests & (seen.verdicts.keys() | _kept(seen))):
            ledger.wrong.append(f"no outcome: {uri} of {place}, {sorted(digests)}")
        if len(digests) == 1 and not digests & many:
            (digest,) = digests
            alert = seen.verdicts.get(digest, {}).get("status") == "FINDINGS"
            if alert and fleet.truths[digest].is_alert and place not in heard[digest, "FINDINGS"]:
                ledger.wrong.append(f"lost alert: {place} has not heard of {digest}")
