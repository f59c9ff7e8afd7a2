"""The core in this process: cache, inventory and completion over moto's tables.

A test hands it events and the ends of scans, in the order that it wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.cache.leases import ScanCache
from image_scan.cache.table import CacheTable
from image_scan.completion import Completion
from image_scan.inventory.claims import Claims
from image_scan.inventory.notified import Notice
from image_scan.inventory.table import InventoryTable
from image_scan.inventory.workloads import Inventory
from image_scan.notifications import facts
from image_scan.notifications.throttle import Throttle
from image_scan.state.permits import ScanPermits
from image_scan.state.registered_failures import RegisteredFailures
from image_scan.state.registries import RegistryCache
from image_scan.state.table import StateTable
from tests.support import tables
from tests.support.builders import DIGEST, LEASE, POLICY, WEEK, completion_input, scan_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from image_scan.contracts import (
        CacheDecision,
        Completed,
        CompletionInput,
        Lease,
        ScanInput,
        Workload,
    )
    from image_scan.notifications.policy import NotificationPolicy
    from image_scan.results import Outcome
    from tests.support.doubles import Clock


class Sent:
    """Stands for the notifier and the event bus: who was notified of what. It can fail, and can do
    something meanwhile."""

    def __init__(self, policy: NotificationPolicy, clock: Clock) -> None:
        self.policy, self.clock = policy, clock
        self.calls: list[tuple[str, str, list[str]]] = []
        self.reasons: list[str] = []
        self.announced: list[tuple[str, list[str]]] = []
        self.error: Exception | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    def notify(
        self,
        scan_input: CompletionInput,
        outcome: Outcome,
        workloads: Mapping[str, Workload],
        _rows: Iterable[Any] = (),
    ) -> dict[str, Notice]:
        if not self.policy.may_notify(outcome):
            return {}
        if self.error:
            raise self.error
        key = scan_input["image"]["key"]
        self.calls.append((key, outcome["verdict"], _services(workloads)))
        self.reasons.append(facts.reason(outcome))
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return {name: Notice("shop", int(self.clock())) for name in workloads}

    def put(
        self, _: Any, outcome: Outcome, workloads: Mapping[str, Workload], __: Any = ()
    ) -> None:
        self.announced.append((outcome["verdict"], _services(workloads)))

    def services(self) -> list[list[str]]:
        return [services for _, _, services in self.calls]


class Core:
    def __init__(
        self, dynamodb: Any, clock: Clock, policy: NotificationPolicy = POLICY, suffix: str = ""
    ) -> None:
        self.table = CacheTable(dynamodb, tables.CACHE + suffix)
        self.state = StateTable(dynamodb, tables.STATE + suffix)
        self.rows = InventoryTable(dynamodb, tables.INVENTORY + suffix)
        self.cache = ScanCache(self.table, policy.may_notify, clock)
        self.inventory = Inventory(self.rows, clock)
        self.claims = Claims(self.rows, clock)
        self.registries = RegistryCache(self.state, clock)
        self.permits = ScanPermits(self.state, clock)
        self.notices = Throttle(self.state, clock)
        self.registered = RegisteredFailures(self.state, clock)
        self.sent = Sent(policy, clock)
        self.now = clock

    def event(self, asked: ScanInput) -> CacheDecision:
        """What CheckCache does with an event."""
        return self.cache.decide(asked, LEASE, self.inventory.note(asked))

    def handle(self, asked: ScanInput) -> CacheDecision:
        """The event to the end of the intake, but for the scan that it starts."""
        decision = self.event(asked)
        if decision["decision"] == "notify":
            assert decision["outcome"] is not None
            work = completion_input(asked, decision["lease"], decision["outcome"])
            more: Any = {name: decision[name] for name in ("again", "scan") if name in decision}
            self.completion.complete({**work, **more})
        return decision

    def end(
        self, lease: Lease, outcome: Outcome, asked: ScanInput | None = None, **more: Any
    ) -> Completed:
        """What SendNotification does when a scan has ended."""
        work = completion_input(asked or scan_input(), lease, outcome, **more)
        return self.completion.complete(work)

    @property
    def completion(self) -> Completion:
        notifier: Any = self.sent
        events: Any = self.sent
        of = (self.cache, self.registries, self.claims, self.permits, self.notices, self.registered)
        return Completion(*of, notifier, events, WEEK)

    def entry(self, key: str = DIGEST) -> dict[str, Any]:
        return self.table.get(key) or {}

    def workloads(self, key: str = DIGEST) -> dict[str, dict[str, Any]]:
        """The rows of an image by service."""
        return {row["service"]: row for row in self.rows.below(key)}


def _services(workloads: Mapping[str, Workload]) -> list[str]:
    return sorted(workload["service"] for workload in workloads.values())
