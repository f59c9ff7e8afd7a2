"""Deploys gated services while things fail, and judges which tasks started and what was held.

In enforce mode no task of an image starts that the policy blocks, or that has no result. In audit
mode no deployment waits for the gate, and none is rolled back. Lambda always runs the function: if
it does not, ECS rolls back in either mode, and nothing of ours can change that.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import gated, images
from sandbox.aws import ACCOUNT, REGION
from sandbox.chaos.kinds import KINDS, SHARES, truth
from sandbox.chaos.trouble import Trouble
from sandbox.chaos.witness import Witness
from sandbox.restored import restored_installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.chaos.kinds import Truth
    from sandbox.installation import Installation

Json = dict[str, Any]
WAIT_SCALE = 0.005
CLUSTER = "gated"
SERVICES = 12
ENDS = {
    "enforce": {"SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"},
    "audit": {"SUCCESSFUL"},
}


@dataclass
class Result:
    """What came of the deployments of one mode. `bad` are images that started though the policy
    blocks them. `wrong` names each breach."""

    mode: str
    statuses: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)  # without the image
    waits: int = 0
    started: int = 0
    bad: int = 0
    faults: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"{self.mode}: {self.statuses.total()} deployments = {_shown(self.statuses)}",
            f"  decisions  {_shown(self.effects)}; asked again {self.waits} times",
            f"  reasons    {_shown(self.reasons)}",
            f"  images     {self.started} started, {self.bad} of them bad; {self.faults} faults",
            f"  wrong      {len(self.wrong)}",
        ]
        return "\n".join([*lines, *(f"    {each}" for each in self.wrong[:20])])


def _shown(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "none"


def run(
    seed: int, deployments: int, rate: float, say: Callable[[str], None] = print
) -> list[Result]:
    """Makes so many deployments in enforce mode, then as many in audit mode, and judges both."""
    say("Applying examples/single-account, or restoring it")
    results = []
    with restored_installation(wait_scale=WAIT_SCALE, concurrency=1000) as installation:
        installation.qualys.control.scenario(
            scan_seconds=0.2, rate_limiting=False, examines=["malware", "secrets"]
        )
        installation.ecs.create_cluster(clusterName=CLUSTER)
        witness = Witness(installation)
        know_registry(installation)
        for mode in ("enforce", "audit"):
            with gated.mode(installation, mode):
                say(f"{deployments} deployments in {mode} mode")
                results.append(_run(installation, witness, mode, seed, deployments, rate))
    return results


def know_registry(installation: Installation) -> None:
    """Deploys a clean image, so that Qualys' registry is known before anything fails. Raises
    RuntimeError if the gate does not admit it.

    The lock of whoever creates a registry lasts 65 seconds of real time, after a death too. Waits
    are scaled: those who wait for the registry give up after two seconds. Then no image of a short
    run has a verdict, and the gate blocks all.
    """
    built = images.build("the first image")
    ecr = installation.client("ecr")
    ecr.create_repository(repositoryName="gate/first")
    pushed = images.push(ecr, "gate/first", built, "1")
    made = gated.deploy(installation, CLUSTER, "first", pushed.by_tag)
    if made.status != "SUCCESSFUL":
        raise RuntimeError(f"the first deployment ended as {made.status}")


def _run(
    installation: Installation,
    witness: Witness,
    mode: str,
    seed: int,
    deployments: int,
    rate: float,
) -> Result:
    result = Result(mode)
    spared = installation.outputs["deployment_gate"]["function_name"]
    trouble = Trouble(installation, seed, rate, spared)
    teams = [Team(installation, mode, seed, number) for number in range(SERVICES)]
    trouble.begin()
    with ThreadPoolExecutor(SERVICES) as pool:
        shares = [len(range(number, deployments, SERVICES)) for number in range(SERVICES)]
        ended = [each for made in pool.map(Team.deploy, teams, shares) for each in made]
    for each in ended:
        result.statuses[each["status"]] += 1
        if each["status"] not in ENDS[mode]:
            result.wrong.append(f"{each['status']}: {each.get('statusReason')}")
    installation.wait_until_idle()
    trouble.over()
    result.faults = sum(trouble.counts.values())
    truths = {digest: each for team in teams for digest, each in team.truths.items()}
    _judge_tasks(result, witness, truths)
    _judge_decisions(result, installation, ended)
    return result


def _judge_tasks(result: Result, witness: Witness, truths: dict[str, Truth]) -> None:
    """Compares what the account saw start with what was pushed."""
    started = {
        container.get("imageDigest", "")
        for event in witness.events()
        if event["detail"].get("lastStatus") == "RUNNING"
        for container in event["detail"]["containers"]
    } & truths.keys()
    bad = [truths[each] for each in started if not may_start(truths[each])]
    result.started, result.bad = len(started), len(bad)
    if result.mode == "enforce":
        result.wrong += [f"a task started of {each}" for each in bad]


def _judge_decisions(result: Result, installation: Installation, ended: list[Json]) -> None:
    """Compares what the gate logged with the deployments: one decision at each stage, and none that
    is missing, unless ECS has ended the hook."""
    asked: Counter[tuple[str, str]] = Counter()
    for line in _logged(installation, result.mode, "gate decided"):
        result.effects[line["effect"]] += 1
        result.reasons.update(each.partition(": ")[2][:100] or each for each in line["reasons"])
        asked[line["deployment"], line["stage"]] += 1
    result.waits = len(list(_logged(installation, result.mode, "gate waits")))
    result.wrong += [f"decided again: {each}" for each, number in asked.items() if number > 1]
    decided = {deployment for deployment, _ in asked}
    for each in ended:
        timed_out = "timed out" in each.get("statusReason", "")
        if each["serviceDeploymentArn"] not in decided and not timed_out:
            result.wrong.append(f"no decision: {each['serviceDeploymentArn']}")
    if result.mode == "audit" and result.waits:
        result.wrong.append(f"held: {result.waits} answers were to ask again")


def may_start(known: Truth) -> bool:
    """Whether the policy of the gate lets an image start, by what was put into it."""
    severe = sum(known.counts["counts"][level] for level in ("critical", "high"))
    detected = sum(sum(known.counts[kind].values()) for kind in ("malware", "secrets"))
    return known.due in ("CLEAN", "FINDINGS") and not severe and not detected


def _logged(installation: Installation, mode: str, event: str) -> Iterator[Json]:
    """What the gate logged of deployments of this mode's services. The embedded AWS answers the
    first 10,000 lines of a pattern."""
    name = f"/aws/lambda/{installation.outputs['deployment_gate']['function_name']}"
    pages = installation.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(logGroupName=name, filterPattern=f'"{event}"'):
        for each in page["events"]:
            line = json.loads(each["message"]) if each["message"].startswith("{") else {}
            if line.get("event") == event and f"/{CLUSTER}/{mode}-" in line["deployment"]:
                yield line


class Team:
    """One service with the gate, and the images that its team deploys, the same for a seed."""

    _lock = threading.Lock()  # of the registry: tags are pushed one by one

    def __init__(self, installation: Installation, mode: str, seed: int, number: int) -> None:
        self._installation = installation
        self._random = random.Random(f"{seed} {mode} {number}")  # noqa: S311 - to be repeated
        self._service = f"{mode}-{number}"
        self._pushed: list[str] = []
        self.truths: dict[str, Truth] = {}
        installation.client("ecr").create_repository(repositoryName=f"gate/{self._service}")

    def deploy(self, times: int) -> list[Json]:
        """Deploys so many times, one after the other. Returns the deployments that ended."""
        ecs, found = self._installation.ecs, []
        for number in range(times):
            is_old = self._pushed and self._random.random() < 0.25
            uri = self._random.choice(self._pushed) if is_old else self._push(number)
            container = {"name": "app", "image": uri}
            ecs.register_task_definition(family=self._service, containerDefinitions=[container])
            if number:
                ecs.update_service(
                    cluster=CLUSTER,
                    service=self._service,
                    taskDefinition=self._service,
                    forceNewDeployment=True,
                )
            else:
                ecs.create_service(
                    cluster=CLUSTER,
                    serviceName=self._service,
                    taskDefinition=self._service,
                    desiredCount=1,
                    deploymentConfiguration=gated.hook(self._installation),
                )
            found.append(gated.ended(ecs, CLUSTER, self._service))
        return found

    def _push(self, number: int) -> str:
        (kind,) = self._random.choices([*SHARES], [*SHARES.values()])
        repository, made = f"gate/{self._service}", KINDS[kind]
        built = images.build(f"{self._service} {number} {kind} {self._random.random()}")
        with Team._lock:
            ecr = self._installation.client("ecr")
            pushed = images.push(ecr, repository, built, str(number))
            control = self._installation.qualys.control
            found = [
                {"qid": 1000 + at, "severity": severity, "title": f"finding {at}"}
                for at, severity in enumerate(made.severities)
            ]
            control.set_findings(pushed.config_digest.removeprefix("sha256:"), found)
            if made.behaviour:
                control.behave(pushed.config_digest, **made.behaviour)
        self.truths[pushed.digest] = truth(repository, pushed.digest, made, made.severities)
        uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}:{number}"
        self._pushed.append(uri)
        return uri
