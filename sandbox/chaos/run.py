"""Makes one run: deploys while things fail, and judges the results before and after a redrive."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.chaos import left_out, results
from sandbox.chaos.changes import changes
from sandbox.chaos.deployments import Fleet, Step
from sandbox.chaos.evidence import evidence
from sandbox.chaos.judging import judge
from sandbox.chaos.next_days import next_days
from sandbox.chaos.seen import Judgement, Seen
from sandbox.chaos.trouble import Trouble
from sandbox.chaos.witness import Witness
from sandbox.operated import operate
from sandbox.restored import restored_installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.installation import Installation

Json = dict[str, Any]
# A second of a wait takes 5 ms: a scan's longest way of two hours takes half a minute.
WAIT_SCALE = 0.005
OUTAGE_SECONDS = 3.0  # ten minutes at that scale
# Executions at a time: as many as two cores can do. Throttling comes only from drawn faults.
AT_ONCE = 24
REDRIVES = 5
CHANGES = 6  # of findings that are known, at least
_DIGEST = re.compile(r"^Digest   (\S+)$", re.MULTILINE)
LATEST_SECONDS = 3.0  # the emulator draws delays of at most two


@dataclass
class Result:
    """The judgements after all executions had ended, and after redrives without faults.
    `evidence` is about what was wrong then; it is empty if nothing was."""

    before: Judgement
    after: Judgement
    evidence: str
    faults: dict[str, int]
    seconds: float


def run(
    seed: int, events: int, rate: float, *, outage: bool = False, say: Callable[[str], None] = print
) -> Result:
    """Makes a run. `outage`: Qualys does not answer until the redrive."""
    say("Applying examples/single-account, or restoring it")
    with restored_installation(wait_scale=WAIT_SCALE, concurrency=1000) as installation:
        installation.qualys.control.scenario(
            scan_seconds=0.2, rate_limiting=False, examines=["malware", "secrets"]
        )
        return _run_on(installation, seed, events, rate, outage=outage, say=say)


def _run_on(
    installation: Installation,
    seed: int,
    events: int,
    rate: float,
    *,
    outage: bool,
    say: Callable[[str], None],
) -> Result:
    began = time.monotonic()
    observer = Observer(installation)
    fleet = Fleet(installation, seed)
    trouble = Trouble(installation, seed, rate)
    trouble.begin()
    if outage:
        trouble.vendor_is_down(3600)
    steps: list[Step] = []
    left_out.set_scope(installation, seed)
    shared, services = (fleet.sidecar, fleet.burst), max(1, events // 100)
    rules = left_out.rules_of(seed)
    others = [left_out.workloads(fleet, each, services, shared) for each in rules]
    for step in fleet.steps(events, *others):
        steps.append(step)
        step.act()
        if len(steps) == events // 2 and rate and not outage:
            trouble.vendor_is_down(OUTAGE_SECONDS)
        if len(steps) % 10 == 0:
            hold_back(installation)
        if len(steps) % 200 == 0:
            say(f"{len(steps)} of {events} events after {time.monotonic() - began:.0f} s")
    say("Waiting until nothing runs")
    wait_until_idle(installation)
    say("What Qualys found is rated worse, or stays as it was")
    for step in changes(fleet, max(CHANGES, events // 10)):
        steps.append(step)
        step.act()
    wait_until_idle(installation)
    trouble.over()
    before, after, found = _judge(installation, observer, fleet, steps, trouble, say)
    return Result(before, after, found, trouble.counts, time.monotonic() - began)


def _judge(
    installation: Installation,
    observer: Observer,
    fleet: Fleet,
    steps: list[Step],
    trouble: Trouble,
    say: Callable[[str], None],
) -> tuple[Judgement, Judgement, str]:
    """Judges before and after the redrive, and collects evidence of errors."""
    faults = sum(trouble.counts.values())
    seen = observer.look()
    before = _judged(seen, fleet, steps, faults)
    found = evidence(installation, seen, before.wrong)
    results.wait_for_registry(installation)
    for _ in range(REDRIVES):
        say("make redrive, with nothing failing")
        done, is_left = _redrive(installation)
        observer.redriven |= done
        wait_until_idle(installation)
        if not is_left:
            break
    seen = observer.look()
    after = _judged(seen, fleet, steps, faults)
    after.wrong += results.few(seen)
    if is_left:
        after.wrong.append(f"left: events that {REDRIVES} redrives did not process")
    say("The next days: what is overdue, and what was published since")
    after.wrong += next_days(installation, fleet)
    running = [row for row in installation.inventory() if row["state"] == "running"]
    after.wrong += left_out.rows(running)
    return before, after, found + evidence(installation, seen, after.wrong)


def _judged(seen: Seen, fleet: Fleet, steps: list[Step], faults: int) -> Judgement:
    inside = [step for step in steps if not left_out.is_left_out(step.workload)]
    judgement = judge(seen, fleet, inside, faults)
    left_out.judge(seen, fleet, steps, faults, judgement)
    return judgement


def wait_until_idle(installation: Installation) -> None:
    """Waits until nothing has run for longer than any delivery or retry can be late."""
    known = -1
    while known != (known := len(installation.intakes()) + len(installation.scans())):
        time.sleep(LATEST_SECONDS)
        installation.wait_until_idle()


def hold_back(installation: Installation, most: int = AT_ONCE) -> None:
    while installation.aws.running() >= most:
        time.sleep(0.1)


def _redrive(installation: Installation) -> tuple[set[str], bool]:
    """The ids of the events that were processed, and whether any are left in a queue."""
    done = operate(installation, "redrive", "--json")
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout + done.stderr)
    events = json.loads(done.stdout)["events"]
    ids = {each["event_id"] for each in events if each["result"] == "done"}
    return ids, done.returncode == 1


class Observer:
    """Reads all witnesses; `elsewhere` are those of other accounts and regions. It takes messages
    out of the queues of subscriber and witness, and remembers them. Messages in the installation's
    queues stay there."""

    def __init__(self, installation: Installation, elsewhere: Iterable[Witness] = ()) -> None:
        self._installation = installation
        self._witnesses = [Witness(installation), *elsewhere]
        self._events: list[Json] = []
        self._given: list[Json] = []
        self._people = installation.subscribe("people", reader="people")
        self._mails: list[tuple[str, str]] = []
        self._scans: dict[str, Json] = {}
        self.redriven: set[str] = set()

    def look(self) -> Seen:
        for witness in self._witnesses:
            self._events += witness.events()
        self._given += self._installation.notifications()
        for each in self._installation.messages(self._people):
            mail = json.loads(each["Body"])
            if digest := _DIGEST.search(mail["Message"]):  # the daily digest has none
                self._mails.append((mail["Subject"], digest[1].replace("unknown", "")))
        items = self._installation.verdicts()
        with ThreadPoolExecutor(4) as pool:
            scans = list(pool.map(self._scan, self._installation.scans()))
        return Seen(
            events=self._events,
            intakes=self._installation.intakes(),
            redriven=self.redriven,
            scans=scans,
            verdicts={k: v for k, v in items.items() if v["status"] != "IN_PROGRESS"},
            leases={k: v["owner"] for k, v in items.items() if v["status"] == "IN_PROGRESS"},
            notifications=self._given,
            mails=self._mails,
            failed=self._waiting("failed_events_queue"),
            undelivered=self._waiting("undelivered_events_queue"),
            inventory=self._installation.inventory(),
        )

    def _scan(self, execution: Json) -> Json:
        arn = execution["executionArn"]
        if arn not in self._scans:
            notice = {"image": self._installation.scan_input(arn)["image"], "over": self._over(arn)}
            if execution["status"] == "RUNNING":
                return execution | notice
            self._scans[arn] = notice
        return execution | self._scans[arn]

    def _over(self, arn: str) -> Any:
        """When an execution was done with Qualys: all that follows is the notification."""
        for event in self._installation.scan_history(arn):
            entered = event.get("stateEnteredEventDetails", {}).get("name", "")
            if entered in ("SendNotification", "SendFailureNotification"):
                return event["timestamp"]
        return None

    def _waiting(self, queue: str) -> list[Json]:
        """The bodies of a queue's messages, which are hidden meanwhile and stay there."""
        sqs, url = self._installation.client("sqs"), self._installation.outputs[queue]["url"]
        found: list[Json] = []
        while True:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60)
            if not (batch := answer.get("Messages")):
                break
            found += batch
        for each in found:
            sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0
            )
        return [json.loads(each["Body"]) for each in found]
