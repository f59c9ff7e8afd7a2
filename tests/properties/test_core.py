"""The code of the core against its model: the same actors, in many orders, with crashes anywhere.

Each actor runs in a thread of its own and stops before each access of a table and each
notification; a schedule says who goes on, and who dies there. However that goes, it has to end as
the model can end as well.
"""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from image_scan import log
from image_scan.aws.dynamodb import Attr, Change
from image_scan.cache.entries import scan_of
from image_scan.cache.leases import ScanCache
from image_scan.completion import Completion
from image_scan.contracts import ScanInput, TaskState
from image_scan.events.by_hand import is_by_hand
from image_scan.events.workloads import to_notify
from image_scan.inventory.claims import Claims, is_due
from image_scan.inventory.notified import Notice
from image_scan.inventory.workloads import Inventory
from image_scan.results import Outcome
from tests.properties.core_model import FAILED, FINDINGS, REGISTERED, REQUESTED, End, explore
from tests.properties.test_core_model import SCENARIOS
from tests.support.builders import (
    CLEAN,
    CRITICAL,
    DIGEST,
    LEASE,
    NOW,
    POLICY,
    WEEK,
    completion_input,
    scan_input,
)
from tests.support.memory_tables import MemoryCache, MemoryInventory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.contracts import CompletionInput, Workload
    from tests.properties.core_model import Actor, Scenario

SCHEDULES = 60
FAILURE = Outcome(verdict="ERROR", error="ScanFailed", reason="ScanFailed: no space")
DAY = 86_400


class Died(BaseException):
    """The function dies here."""


class Thread(threading.Thread):
    """An actor: it goes on when it is let, up to its next access."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._dies = False
        self.is_over, self.has_died = False, False
        self.error: BaseException | None = None
        self.start()
        self._stopped.acquire()

    def run(self) -> None:
        try:
            self.step()
            self._work()
        except Died:
            self.has_died = True
        except BaseException as error:
            self.error = error
        self.is_over = True
        self._stopped.release()

    def step(self) -> None:
        """Waits before an access."""
        self._stopped.release()
        self._go.acquire()
        if self._dies:
            raise Died

    def advance(self, *, dies: bool = False) -> None:
        self._dies = dies
        self._go.release()
        self._stopped.acquire()
        if self.error:
            raise self.error


def step() -> None:
    current = threading.current_thread()
    if isinstance(current, Thread):
        current.step()


class World:
    """A scenario of the model, acted out by the code."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.random, self.now = random.Random(seed), float(NOW)  # noqa: S311 - a schedule
        self.policy = POLICY
        self.deadly = self.random.choice((0.02, 0.1))
        self.left: set[str] = set()
        is_stale = lambda: self.random.random() < 0.5  # noqa: E731
        self.table, self.rows = MemoryCache(step, is_stale), MemoryInventory(step, is_stale)
        clock = lambda: self.now  # noqa: E731 - of three parts
        self.cache = ScanCache(self.table, POLICY.may_notify, clock)
        self.inventory, claims = Inventory(self.rows, clock), Claims(self.rows, clock)
        us: Any = self
        self.completion = Completion(self.cache, us, claims, us, us, us, us, us, WEEK)
        self.sent: list[tuple[str, int]] = []
        self.started: list[str] = []
        self.queued: list[ScanInput] = []
        self.threads: list[tuple[Thread, Callable[[], None]]] = []
        state = scenario.start
        self.crashes, self.failures, self.cleans = state.crashes, state.failures, state.cleans
        for actor in state.actors:
            self.event(asked(actor))

    # What completion is given: permits, throttle, notifier and event bus.

    def give_back(self, _: str) -> None:
        step()

    def put(self, *_: Any) -> None:
        step()

    def notify(
        self, _: CompletionInput, outcome: Outcome, workloads: Mapping[str, Workload], rows: Any
    ) -> dict[str, Notice]:
        step()
        workloads = to_notify(workloads)
        notifiable = POLICY.may_notify(outcome)
        number = self.table.items[DIGEST]["acquired_at"]
        for row in rows:
            known = (
                Change({"notified": "findings"}) if notifiable else Change(removed=("notified",))
            )
            if notifiable or "notified" in row:
                self.rows.update(DIGEST, row["workload"], known, Attr("digest").exists())
        if not notifiable:
            return {}
        self.sent += [(row["service"], row["claimed_of"]) for row in rows]
        for asked in [each for name, each in workloads.items() if name not in names(rows)]:
            self.sent.append((REQUESTED if is_by_hand(asked) else REGISTERED, number))
        return {name: Notice("", int(self.now)) for name in workloads}

    # Who acts.

    def event(self, given: ScanInput) -> None:
        def work() -> None:
            decision = self.cache.decide(given, LEASE, self.inventory.note(given))
            if decision["decision"] == "notify":
                assert decision["outcome"] is not None
                made = completion_input(given, decision["lease"], decision["outcome"])
                if "scan" in decision:
                    made["scan"] = decision["scan"]
                self.completion.complete(made)
            elif decision["lease"] and decision["lease"]["execution_name"] not in self.started:
                step()
                self.started.append(decision["lease"]["execution_name"])
                self.scan(given, decision["lease"])

        self.threads.append((Thread(work), lambda: self._again(given)))

    def scan(self, given: ScanInput, lease: Any, outcome: Outcome | None = None) -> None:
        if outcome is None:
            fails = self.failures > 0 and self.random.random() < 0.5
            clean = self.cleans > 0 and self.random.random() < 0.5
            self.failures, self.cleans = self.failures - fails, self.cleans - (clean and not fails)
            outcome = FAILURE if fails else CLEAN if clean else CRITICAL

        def work() -> None:
            self.completion.complete(completion_input(given, lease, outcome))

        def died() -> None:
            if self.random.random() < 0.6:
                self.scan(given, lease, outcome)
                return
            entry = self.table.items[DIGEST]
            if entry["acquired_at"] == lease["acquired_at"] and entry["status"] == "IN_PROGRESS":
                entry["status"] = "ERROR"
                entry["ttl"] = self.now + WEEK
            self.queued.append({**given, "task": None})

        self.threads.append((Thread(work), died))

    def _again(self, given: ScanInput) -> None:
        if self.random.random() < 0.6:
            self.event(given)
        else:
            self.queued.append(given)

    # The course of things.

    def run(self) -> End:
        self._until_quiet()
        self.crashes = self.failures = self.cleans = 0
        while self.queued:
            self.event(self.queued.pop(self.random.randrange(len(self.queued))))
            self._until_quiet()
        self.left = {
            row["service"]
            for (key, _), row in self.rows.rows.items()
            if key == DIGEST and entry_is_bad(self.table.items[DIGEST])
            if is_due(row, scan_of(self.table.items[DIGEST]))
        }
        self.now += DAY
        entry = self.table.items[DIGEST]
        for (key, _), row in list(self.rows.rows.items()):
            lacks = entry["status"] not in (FINDINGS, "CLEAN")
            lacks |= entry["status"] == FINDINGS and row.get("notified_of") != entry["acquired_at"]
            if key == DIGEST and row["state"] in ("deployed", "running") and lacks:
                self.event(found(row["service"], self.now))
        self._until_quiet()
        entry = self.table.items[DIGEST]
        notified = {name for name, number in self.sent if number == entry["acquired_at"]}
        status = FAILED if entry["status"] == "ERROR" else str(entry["status"])
        rows = [row for (key, _), row in self.rows.rows.items() if key == DIGEST]
        had = frozenset(row["service"] for row in rows if "notified" in row)
        return End(status, frozenset(notified), len(self.started), had)

    def _until_quiet(self) -> None:
        while self.threads:
            number = self.random.randrange(len(self.threads))
            thread, died = self.threads[number]
            dies = self.crashes > 0 and self.random.random() < self.deadly
            self.now += 0.001
            thread.advance(dies=dies)
            if thread.is_over:
                self.threads = [each for each in self.threads if each[0] is not thread]
            if thread.has_died:
                self.crashes -= 1
                died()


def names(rows: Any) -> set[str]:
    return {row["workload"] for row in rows}


def entry_is_bad(entry: Mapping[str, Any]) -> bool:
    return bool(entry["status"] == FINDINGS)


def asked(actor: Actor) -> ScanInput:
    """The event of an actor of the model."""
    events = {
        "registration": "RegisterTaskDefinition",
        "task": "ECS Task State Change",
        "forced": "ScanRequest",
    }
    name = events.get(actor.kind, "CreateService")
    given = scan_input(actor.name, service=actor.workload, event_name=name)
    if actor.kind == "forced":
        return {**given, "force": True}
    running = TaskState(arn=f"task/{actor.name}", stopped=False)
    stopped = TaskState(arn="task/task", stopped=True)
    states = {"task": running, "stop": stopped}
    return {**given, "task": states[actor.kind]} if actor.kind in states else given


def found(service: str, now: float) -> ScanInput:
    at = datetime.fromtimestamp(now, UTC).isoformat()
    where: Any = {"event_name": "ECS Task State Change", "event_time": at, "service": service}
    given = scan_input(f"found {service}", **where)
    state = TaskState(arn=f"task/found-{service}", stopped=False, reconciled=True)
    return {**given, "task": state}


COMPARED = [
    "nothing fails",
    "a call, its task, and another workload",
    "two crashes",
    "two scans without a result",
    "a scan without a result, among tasks",
    "a scan without a result, and a crash",
    "a registration ahead",
    "a registration, and what runs it",
    "scans that find nothing",
    "a scan by hand beside another",
]


@pytest.mark.parametrize("name", COMPARED)
def test_the_code_ends_as_the_model_can(name: str) -> None:
    log.configure()
    scenario = SCENARIOS[name]
    ends = explore(scenario).ends
    found = {}
    for seed in range(SCHEDULES):
        world = World(scenario, seed)
        found[seed] = world.run()
        assert world.left == set(), (seed, "before the reconciliation")
    assert {seed: end for seed, end in found.items() if end not in ends} == {}
    assert all(scenario.due <= end.notified for end in found.values() if end.status == FINDINGS)
