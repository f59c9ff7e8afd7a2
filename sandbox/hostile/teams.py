"""Plays the honest teams of an organization: two of the hub's account, and one of a member."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sandbox import images
from sandbox.aws import ACCOUNT, REGION
from sandbox.chaos.deployments import Step
from sandbox.chaos.kinds import Truth, findings, prepare
from sandbox.organization import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.images import PushedImage
    from sandbox.organization import Organization, Spoke

CLUSTER = "honest"
# Images that all teams run come first: the attacker runs them, too.
SHARED = ("bad", "clean", "infected")
SHARED_SECONDS = 15.0  # what the scan of the first takes: time for a crowd to run it
KINDS = ("bad", "clean", "bad", "mild", "leaky", "clean", "infected")


@dataclass
class Teams:
    """`pushed` are all images, which are there before anybody deploys. `truths`, `tags` and
    `requests` are for the judge. `workloads` are the services with account, region and team. The
    `attacker` is the member whose account number is smaller: sorted lists would prefer it."""

    organization: Organization
    seed: int
    deployments: int
    pushed: list[PushedImage] = field(default_factory=list)
    qids: list[int] = field(default_factory=list)  # of their findings
    truths: dict[str, Truth] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    workloads: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.organization
        self._random = random.Random(self.seed)  # noqa: S311 - to be repeated, not to be secret
        # Both have the role of the sensor. The second one deploys nothing until now.
        self.attacker, member = sorted((world.shop, world.images))
        world.rules(world.images, REGION)
        self.spokes = {
            "payments": world.spoke(ACCOUNT),
            "payments-eu": world.spoke(ACCOUNT, ELSEWHERE),
            "cart": world.spoke(member),
        }
        for spoke in self.spokes.values():
            spoke.ecs.create_cluster(clusterName=CLUSTER)
        shared = [self._push(world.spoke(ACCOUNT), f"base-{kind}", kind) for kind in SHARED]
        control = world.installation.qualys.control
        control.behave(shared[0].config_digest, scan_seconds=SHARED_SECONDS)
        # Each team begins with the image that the attacker runs most.
        self._plan = [(f"base-{team}", team, shared[0]) for team in self.spokes]
        for number in range(self.deployments - len(self._plan)):
            team = self._random.choice([*self.spokes])
            if self._random.random() < 0.3:
                image = self._random.choice(shared)
            else:
                kind = KINDS[number % len(KINDS)]
                image = self._push(self.spokes[team], f"app-{number}", kind)
            self._plan.append((f"app-{number}", team, image))

    @property
    def accounts(self) -> set[str]:
        return {spoke.account for spoke in self.spokes.values()}

    def content(self, repository: str) -> str:
        """What the image of a repository is built from: whoever can pull an image can copy it."""
        return f"{self.seed} {repository}"

    def steps(self) -> Iterator[Step]:
        """Yields two ECS calls for each deployment: one registers, one creates a service."""
        for name, team, image in self._plan:
            spoke, uris = self.spokes[team], (image.by_tag,)
            self.workloads[name] = (spoke.account, spoke.region, team)
            yield Step(partial(_register, spoke, name, image), uris)
            yield Step(partial(_serve, spoke, name, team), uris, name)

    def _push(self, spoke: Spoke, name: str, kind: str) -> PushedImage:
        ecr, repository = spoke.client("ecr"), f"honest/{name}"
        ecr.create_repository(repositoryName=repository)
        pushed = images.push(ecr, repository, images.build(self.content(repository)), "1")
        found = findings(kind, 1000 + 10 * len(self.truths))
        self.qids += [each["qid"] for each in found]
        control = self.organization.installation.qualys.control
        self.truths[pushed.digest] = prepare(control, pushed, kind, found)
        self.tags[pushed.by_tag] = {pushed.digest}
        self.pushed.append(pushed)
        return pushed


def _register(spoke: Spoke, name: str, image: PushedImage) -> None:
    containers = [{"name": "app", "image": image.by_tag}]
    spoke.ecs.register_task_definition(family=name, containerDefinitions=containers)


def _serve(spoke: Spoke, name: str, team: str) -> None:
    spoke.ecs.create_service(
        cluster=CLUSTER,
        serviceName=name,
        taskDefinition=name,
        desiredCount=1,
        tags=[{"key": "team", "value": team}],
    )
