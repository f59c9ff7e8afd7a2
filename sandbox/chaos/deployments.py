"""Plays the teams of a bad week: ECS calls and pushes, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import images
from sandbox.aws import ACCOUNT, REGION
from sandbox.chaos.kinds import SHARES, Truth, findings, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.installation import Installation

Json = dict[str, Any]
CLUSTER = "chaos"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
UNSCANNABLE = ("docker.io/library/nginx:1.27", "public.ecr.aws/nginx/nginx:1", "{host}/{own}:gone")


@dataclass
class Step:
    """One ECS call. `uris` are the references that it deploys. `workload` is the service, or the
    family of a task, that must be notified of findings; it is empty if nothing runs."""

    act: Callable[[], object]
    uris: tuple[str, ...]
    workload: str = ""


@dataclass(frozen=True)
class Version:
    """The last push of a tag. `found` are the findings that Qualys reports for it."""

    uri: str
    digest: str
    config_digest: str
    kind: str
    found: list[Json]


@dataclass
class Fleet:
    """Repositories, images and services of a run. `truths` are by digest, `tags` have the digests
    that a reference has had, `running` what each service runs: its images, the own one first.
    `requests` are scans by hand: the digest by the event's id."""

    installation: Installation
    seed: int
    truths: dict[str, Truth] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)
    running: dict[str, tuple[str, ...]] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - to be repeated, not to be secret
        self._ecr = self.installation.client("ecr")
        self._ecs = self.installation.ecs
        self._ecs.create_cluster(clusterName=CLUSTER)
        self._pushed: dict[str, Version] = {}
        self.sidecar = self.image("sidecar", "1", "clean")
        self.burst = self.image("burst", "1", "bad")

    def steps(self, events: int, *others: Iterator[Step]) -> Iterator[Step]:
        """Yields so many ECS calls, and pushes in between. Teams and `others` take turns, each
        in its order."""
        teams = [self._burst(events // 10), *others]
        left, number = events, 0
        while left > 0:
            while len(teams) < 12:
                number += 1
                teams.append(self._team(f"app-{number}"))
            team = self._random.choice(teams)
            step = next(team, None)
            if step is None:
                teams.remove(team)
                continue
            left -= 1
            yield step

    def _burst(self, services: int) -> Iterator[Step]:
        """One new image that many services take at once."""
        uri = self.burst
        definition = self.definition("burst", (uri,))
        yield self.registered(definition, (uri,))
        for number in range(services - 1):
            yield self._service(f"burst-{number}", "burst", (uri,))

    def _team(self, name: str) -> Iterator[Step]:
        """An application: some versions, deployed, restarted, run as tasks, one pushed again."""
        for version in range(1, self._random.randint(2, 4)):
            kind = self._random.choices([*SHARES], [*SHARES.values()])
            uris = [self.image(name, str(version), kind[0])]
            if self._random.random() < 0.5:
                uris.append(self.sidecar)
            if self._random.random() < 0.1:
                own = f"chaos/{name}"
                uris.append(self._random.choice(UNSCANNABLE).format(host=HOST, own=own))
            deployed = tuple(uris)
            yield self.registered(self.definition(name, deployed), deployed)
            act = self._service if version == 1 else self.update
            yield act(f"{name}-service", name, deployed)
            if self._random.random() < 0.2:
                self.push(f"chaos/{name}", str(version), "bad", salt="again")
                yield self.update(f"{name}-service", name, deployed)
            for _ in range(self._random.randint(0, 2)):
                yield self._task(name, deployed)
            for _ in range(self._random.randint(0, 1)):
                yield self.update(f"{name}-service", name, deployed)

    def image(self, name: str, tag: str, kind: str) -> str:
        repository = f"chaos/{name}"
        if not any(truth.repository == repository for truth in self.truths.values()):
            self._ecr.create_repository(repositoryName=repository)
        return self.push(repository, tag, kind)

    def push(
        self, repository: str, tag: str, kind: str, found: list[Json] | None = None, salt: str = ""
    ) -> str:
        """An image with findings of its own, or with these."""
        built = images.build(f"{self.seed} {repository} {tag} {kind} {salt}")
        pushed = images.push(self._ecr, repository, built, tag)
        if found is None:
            # Each finding is new to the workload: it is not notified again of earlier ones.
            found = findings(kind, 1000 + 10 * len(self.truths))
        control = self.installation.qualys.control
        self.truths[pushed.digest] = prepare(control, pushed, kind, found)
        uri = f"{HOST}/{repository}:{tag}"
        self.tags.setdefault(uri, set()).add(pushed.digest)
        self._pushed[uri] = Version(uri, pushed.digest, pushed.config_digest, kind, found)
        return uri

    def set_findings(self, config_digest: str, found: list[Json]) -> None:
        """What the next scan of an image finds."""
        self.installation.qualys.control.set_findings(config_digest.removeprefix("sha256:"), found)

    def definition(self, family: str, uris: tuple[str, ...]) -> Json:
        containers = [{"name": f"c{n}", "image": uri} for n, uri in enumerate(uris)]
        return {"family": family, "containerDefinitions": containers}

    def registered(self, definition: Json, uris: tuple[str, ...]) -> Step:
        return Step(lambda: self._ecs.register_task_definition(**definition), uris)

    def own(self, service: str) -> Version:
        """The image that is a service's own, and not a sidecar's."""
        return self._pushed[self.running[service][0]]

    def _service(self, name: str, family: str, uris: tuple[str, ...]) -> Step:
        self.running[name] = uris
        return Step(
            lambda: self._ecs.create_service(
                cluster=CLUSTER, serviceName=name, taskDefinition=family, desiredCount=1
            ),
            uris,
            name,
        )

    def update(self, name: str, family: str, uris: tuple[str, ...]) -> Step:
        self.running[name] = uris
        return Step(
            lambda: self._ecs.update_service(
                cluster=CLUSTER, service=name, taskDefinition=family, forceNewDeployment=True
            ),
            uris,
            name,
        )

    def _task(self, family: str, uris: tuple[str, ...]) -> Step:
        return Step(
            lambda: self._ecs.run_task(cluster=CLUSTER, taskDefinition=family, count=1),
            uris,
            family,
        )
