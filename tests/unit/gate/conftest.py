"""A gate in enforce mode over a service, an ECR and the tables, with a clock that a test moves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from image_scan.events.scope import EVERYTHING, Scope
from image_scan.gate import hook, lifecycle
from image_scan.gate.hook import Gate
from image_scan.gate.inputs import Rules
from image_scan.gate.services import Services
from image_scan.gate.verdicts import Verdicts
from tests.support.builders import ACCOUNT, HOST, NOW, NOW_MS, REGION
from tests.support.doubles import Clock, OneAccount
from tests.support.fake_ecr import FakeEcr
from tests.support.fake_services import DAY, FakeServices

if TYPE_CHECKING:
    from image_scan.cache.table import CacheTable
    from image_scan.state.table import StateTable

Json = dict[str, Any]
APP = f"{HOST}/shop/app:1"
NONE = {"critical": 0, "high": 0, "medium": 0, "low": 0}


@dataclass
class World:
    """What a gate meets. `asked` are the requests to the intake, `announced` the decisions."""

    table: CacheTable
    state: StateTable
    ecs: FakeServices = field(default_factory=FakeServices)
    ecr: FakeEcr = field(default_factory=FakeEcr)
    clock: Clock = field(default_factory=Clock)
    rules: Rules = field(default_factory=lambda: Rules("enforce", "block"))
    asked: list[Json] = field(default_factory=list)
    announced: list[Any] = field(default_factory=list)
    scope: Scope = EVERYTHING

    @property
    def gate(self) -> Gate:
        accounts = OneAccount(lambda _: self.ecs, self.ecr.in_region)
        return Gate(
            rules=self.rules,
            deadline_seconds=3600,
            rollback_seconds=7 * DAY,
            services=Services(accounts),
            accounts=accounts,
            verdicts=Verdicts(self.table, self.state, self.clock),
            start=self.asked.append,
            announce=lambda _call, _revision, decided, _rules: self.announced.append(decided),
            clock=self.clock,
            scope=self.scope,
        )

    def know(self, digest: str, verdict: str = "CLEAN", **more: Any) -> None:
        """Records a verdict."""
        counts = {"counts": {**NONE, **({"high": 1} if verdict == "FINDINGS" else {})}}
        self.table.put(
            {
                "imageDigest": digest,
                "status": verdict,
                "ttl": NOW + 7 * DAY,
                "acquired_at": NOW_MS,
                "account_id": ACCOUNT,
                "region": REGION,
                "repository": "shop/app",
                "workloads": {},
                **(counts if verdict in ("CLEAN", "FINDINGS") else {}),
                **more,
            }
        )

    def answer(self, event: Json) -> Json:
        """Returns the answer to ECS."""
        fallback = (self.rules.mode == "audit", self.rules.on_undecided == "allow")
        return cast("Json", hook.respond(event, lambda: self.gate, fallback, 30))

    def again(self, event: Json, answer: Json) -> Json:
        """Calls the hook again as ECS does, with the details that it has answered."""
        return self.answer({**event, "hookDetails": answer["hookDetails"]})

    def set(self, mode: str = "enforce", on_undecided: str = "block") -> None:
        self.rules = replace(self.rules, mode=mode, on_undecided=on_undecided)  # type: ignore[arg-type]


@pytest.fixture
def world(table: CacheTable, state: StateTable) -> World:
    return World(table, state)


def details(answer: Json) -> Json:
    return cast("Json", answer["hookDetails"][lifecycle._OURS])
