"""Workloads that rules of the scope leave out, beside teams that run the same images.

They must stay without a scan of their own and without a notification, and their rows must name the
rule. What a team runs as well must be scanned, and the team notified.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.chaos.deployments import CLUSTER, Step
from sandbox.chaos.verdicts import named_workload, stored_workload
from sandbox.configured import configure, permit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.chaos.deployments import Fleet
    from sandbox.chaos.kinds import Facts
    from sandbox.chaos.seen import Judgement, Seen
    from sandbox.installation import Installation

Json = dict[str, Any]
_TAG = {"image-scan": "skip"}
_APART = "apart"


@dataclass(frozen=True)
class Rule:
    """A rule, and the workloads that it is about: all whose names begin so."""

    name: str
    prefix: str
    matches: Json
    cluster: str = CLUSTER
    tags: tuple[Json, ...] = ()


RULES = (
    Rule("agents", "agent-", {"services": ["agent-*"]}),
    Rule("sandboxes", "apart-", {"clusters": [_APART]}, cluster=_APART),
    Rule(
        *("opted out", "tagged-", {"tags": _TAG}),
        tags=tuple({"key": key, "value": value} for key, value in _TAG.items()),
    ),
)


def rules_of(seed: int) -> tuple[Rule, ...]:
    """Rules by service and cluster leave every registration to its deployment. So that images are
    scanned ahead as well, every second run has the rule by tags alone."""
    return RULES if seed % 2 else RULES[2:]


def set_scope(installation: Installation, seed: int) -> None:
    scope = {"exclude": [{"name": each.name, **each.matches} for each in rules_of(seed)]}
    for step in ("parse_event", "reconcile"):
        permit(installation, step, "ecs:ListTagsForResource")  # as with tags in `scope`
        configure(installation, step, SCOPE=json.dumps(scope))


def is_left_out(workload: str) -> bool:
    return _rule_of(workload) is not None


def workloads(fleet: Fleet, rule: Rule, services: int, shared: tuple[str, ...]) -> Iterator[Step]:
    """Yields the calls of what a rule leaves out, before and after the teams' own."""
    ecs, own = fleet.installation.ecs, fleet.image(rule.name.replace(" ", "-"), "1", "bad")
    ecs.create_cluster(clusterName=rule.cluster)
    uris = (own, *shared)
    for number in range(services):
        family = f"{rule.prefix}{number}"
        definition = {**fleet.definition(family, uris), "tags": [*rule.tags]}
        # A registration is left to its deployment, or out of scope itself. It is nobody's step.
        yield Step(fleet.registered(definition, ()).act, ())
        made = {"cluster": rule.cluster, "taskDefinition": family}
        service = {**made, "serviceName": f"{family}-service"}
        yield Step(
            partial(ecs.create_service, **service, tags=[*rule.tags], desiredCount=1),
            uris,
            f"{family}-service",
        )
        yield Step(partial(ecs.run_task, **made, count=1), uris, family)


def judge(
    seen: Seen, facts: Facts, steps: Iterable[Step], faults: int, judgement: Judgement
) -> None:
    """Checks that nothing in scope is left out, and that the rest has no scan and is stated."""
    inside: set[str] = set()
    outside: set[str] = set()
    for step in steps:
        rule = _rule_of(step.workload)
        of = outside if rule and not _is_unsure(rule, faults) else inside
        of.update(digest for uri in step.uris for digest in facts.tags.get(uri, set()))
    known = seen.verdicts.keys() | {scan["image"]["key"] for scan in seen.scans}
    judgement.wrong += [
        f"scanned, though out of scope: {key}" for key in sorted((outside - inside) & known)
    ]
    for notice in seen.notifications:
        for workload in notice["workloads"]:
            rule = _rule_of(name := named_workload(workload))
            if rule and not _is_unsure(rule, faults):
                judgement.wrong.append(f"notified, though out of scope: {name}")
    judgement.wrong += rows(seen.inventory, faults)
    stated = [row["out_of_scope"] for row in seen.inventory if "out_of_scope" in row]
    judgement.out_of_scope.update(stated)


def rows(inventory: Iterable[Json], faults: int = 0) -> Iterator[str]:
    """Yields rows that do not name the rule of their workload, or name another one."""
    for row in inventory:
        name = stored_workload(row)
        stated, rule = row.get("out_of_scope", ""), _rule_of(name)
        is_right = stated == (rule.name if rule else "")
        if not is_right and not (rule and not stated and _is_unsure(rule, faults)):
            yield f"scope: {name} runs {row['digest']}, and its rule is '{stated}'"


def _rule_of(workload: str) -> Rule | None:
    return next((each for each in RULES if workload.startswith(each.prefix)), None)


def _is_unsure(rule: Rule, faults: int) -> bool:
    """Whether what the rule asks about may not be known: tags whose call has failed. Then the
    workload is in scope, until the next reconciliation reads them."""
    return bool(rule.tags and faults)
