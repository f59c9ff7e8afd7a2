"""Judges what the honest teams got: their verdicts, their notifications, and no event that waits.

Its witnesses are those of `make chaos`, in each account and region, and the subscriptions of teams.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.chaos.judging import judge as judge_chaos
from sandbox.chaos.verdicts import named_workload
from sandbox.hostile.attacker import CLOSED, LINK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.chaos.deployments import Step
    from sandbox.chaos.seen import Seen
    from sandbox.hostile.teams import Teams

Json = dict[str, Any]


def judge(
    seen: Seen, teams: Teams, steps: Iterable[Step], inboxes: Mapping[str, list[Json]]
) -> list[str]:
    """Names each breach. `inboxes` has the notifications that the subscription of each account or
    team got, which filters for it."""
    steps = list(steps)
    honest = of_honest(seen, teams)
    wrong = judge_chaos(honest, teams, steps, faults=0).wrong
    # Without faults, no honest event may wait, whatever becomes of it later. A scan that the
    # attacker began waits in its name; verdicts and notifications show whether anybody missed it.
    wrong += [f"waits: {json.dumps(each)[:300]}" for each in (*honest.failed, *honest.undelivered)]
    wrong += _verdicts(seen, teams, steps)
    wrong += _filters(teams, steps, inboxes)
    return wrong


def of_honest(seen: Seen, teams: Teams) -> Seen:
    """What concerns the honest accounts: their events, images and workloads."""
    notices = []
    for notice in seen.notifications:
        if notice["image"]["digest"] in teams.truths:
            ours = [each for each in notice["workloads"] if each["account"] in teams.accounts]
            notices.append({**notice, "workloads": ours, "workloads_total": len(ours)})
    events = [each for each in seen.events if each["account"] in teams.accounts]
    ids = {each["id"] for each in events}
    return replace(
        seen,
        events=events,
        intakes=[each for each in seen.intakes if each["event_id"] in ids],
        scans=[each for each in seen.scans if each["image"]["key"] in teams.truths],
        verdicts={key: each for key, each in seen.verdicts.items() if key in teams.truths},
        leases={key: each for key, each in seen.leases.items() if key in teams.truths},
        notifications=notices,
        mails=[each for each in seen.mails if each[1] in teams.truths],
        failed=[each for each in seen.failed if _is_honest(each, teams)],
        undelivered=[each for each in seen.undelivered if _is_honest(each, teams)],
    )


def _is_honest(queued: Json, teams: Teams) -> bool:
    """An event of an honest account, a request that it caused, or a completion of its images."""
    if "account" in queued:
        return queued["account"] in teams.accounts
    text = json.dumps(queued)
    return any(digest in text for digest in teams.truths)


def _verdicts(seen: Seen, teams: Teams, steps: list[Step]) -> list[str]:
    """Checks that each deployed image has the verdict that is due, and that nothing else is CLEAN
    but what has no findings: the attacker has no clean image of its own."""
    deployed = {digest for step in steps for uri in step.uris for digest in teams.tags[uri]}
    wrong = []
    for digest in sorted(deployed):
        truth, found = teams.truths[digest], seen.verdicts.get(digest, {}).get("status", "none")
        if found != truth.due:
            wrong.append(f"verdict {found} instead of {truth.due}: {truth}")
    clean = {key for key, each in seen.verdicts.items() if each["status"] == "CLEAN"}
    known = {key for key, truth in teams.truths.items() if truth.due == "CLEAN"}
    return wrong + [f"false clean: {key}" for key in sorted(clean - known)]


def _filters(teams: Teams, steps: list[Step], inboxes: Mapping[str, list[Json]]) -> list[str]:
    """Checks that each workload's account and team were notified through a filter."""
    wrong = []
    for step in steps:
        digests = {digest for uri in step.uris for digest in teams.tags[uri]}
        if not step.workload or not any(teams.truths[each].is_alert for each in digests):
            continue
        account, _region, team = teams.workloads[step.workload]
        for name in (account, team):
            reached = {
                named_workload(workload)
                for notice in inboxes[name]
                if notice["image"]["digest"] in digests and notice["verdict"] == "FINDINGS"
                for workload in notice["workloads"]
            }
            if step.workload not in reached:
                wrong.append(f"lost alert: {step.workload} in the subscription of {name}")
    return wrong


def registries(made: Iterable[Json]) -> list[str]:
    """Names registries at Qualys in regions that no account of the organization has enabled."""
    uris = [str(each["registryUri"]) for each in made]
    return [f"a registry for nothing: {uri}" for uri in uris if any(at in uri for at in CLOSED)]


def links(mails: Iterable[str]) -> list[str]:
    """Names e-mails in which what somebody else wrote is a link."""
    return [f"a link of the attacker's in an e-mail: {each[:80]}" for each in mails if LINK in each]
