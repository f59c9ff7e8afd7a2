"""Services that a rule of the scope leaves out, beside teams that run the same images.

They must stay without a scan of their own and without a notification, and their rows must name the
rule. What a team runs as well must be scanned, and the team notified.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.chaos.deployments import CLUSTER, Step
from sandbox.chaos.verdicts import named_workload
from sandbox.configured import configure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.chaos.deployments import Fleet
    from sandbox.chaos.kinds import Facts
    from sandbox.chaos.seen import Judgement, Seen
    from sandbox.installation import Installation

Json = dict[str, Any]
RULE = "agents"
_PREFIX = "agent-"
_SCOPE = {"exclude": [{"name": RULE, "services": [f"{_PREFIX}*"]}]}


def set_scope(installation: Installation) -> None:
    for step in ("parse_event", "reconcile"):
        configure(installation, step, SCOPE=json.dumps(_SCOPE))


def is_left_out(workload: str) -> bool:
    return workload.startswith(_PREFIX)


def agents(fleet: Fleet, services: int, shared: tuple[str, ...]) -> Iterator[Step]:
    """Yields the calls of services that are out of scope, before and after the teams' own."""
    ecs, own = fleet.installation.ecs, fleet.image("agent", "1", "bad")
    uris = (own, *shared)
    for number in range(services):
        family = f"{_PREFIX}{number}"
        # A registration names no service, so it is left to its deployment. It is nobody's step.
        yield Step(fleet.registered(fleet.definition(family, uris), ()).act, ())
        made = {"cluster": CLUSTER, "taskDefinition": family}
        service = {**made, "serviceName": f"{family}-service"}
        yield Step(
            partial(ecs.create_service, **service, desiredCount=1), uris, f"{family}-service"
        )
        yield Step(partial(ecs.run_task, **made, count=1), uris, family)


def judge(seen: Seen, facts: Facts, steps: Iterable[Step], judgement: Judgement) -> None:
    """Checks that nothing in scope is left out, and that the rest has no scan and is stated."""
    inside: set[str] = set()
    outside: set[str] = set()
    for step in steps:
        of = outside if is_left_out(step.workload) else inside
        of.update(digest for uri in step.uris for digest in facts.tags.get(uri, set()))
    known = seen.verdicts.keys() | {scan["image"]["key"] for scan in seen.scans}
    judgement.wrong += [
        f"scanned, though out of scope: {key}" for key in sorted((outside - inside) & known)
    ]
    for notice in seen.notifications:
        for workload in notice["workloads"]:
            if is_left_out(name := named_workload(workload)):
                judgement.wrong.append(f"notified, though out of scope: {name}")
    for row in seen.inventory:
        name, rule = row["workload"].rsplit("#", 1)[-1], row.get("out_of_scope", "")
        judgement.out_of_scope += bool(rule)
        if rule != (RULE if is_left_out(name) else ""):
            judgement.wrong.append(f"scope: {name} runs {row['digest']}, and its rule is '{rule}'")
