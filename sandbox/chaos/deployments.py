"""What teams do in a bad week: ECS calls and pushes, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import images
from sandbox.aws import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.install import Install

Json = dict[str, Any]
CLUSTER = "chaos"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
SEVERITIES: dict[str, tuple[int, ...]] = {"clean": (), "bad": (5, 4, 3), "mild": (3, 2)}
# How the scans of some images go, and the verdict that is then due.
TROUBLE: dict[str, tuple[Json, str]] = {
    "job error": ({"job_error": "The sensor could not pull"}, "ERROR"),
    "never ends": ({"never_ends": True}, "TIMEOUT"),
    "scan error": ({"scan_error_code": "1601"}, "ERROR"),
}
UNSCANNABLE = ("docker.io/library/nginx:1.27", "public.ecr.aws/nginx/nginx:1", "{host}/{own}:gone")


@dataclass
class Truth:
    """What is known of an image beforehand. `due` is its verdict when nothing fails."""

    repository: str
    digest: str
    due: str
    counts: Json
    is_alert: bool


@dataclass
class Step:
    """One ECS call. `uris` are the references that it deploys; `place` is the service, or the
    family of a task, that has to hear of what is found, and empty for what runs nothing."""

    act: Callable[[], object]
    uris: tuple[str, ...]
    place: str = ""


@dataclass
class Fleet:
    """Repositories, images and services of a run. `truths` are by digest, `tags` tell the digests
    that a reference has had."""

    install: Install
    seed: int
    truths: dict[str, Truth] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - to be repeated, not to be secret
        self._ecr = self.install.client("ecr")
        self._ecs = self.install.ecs
        self._ecs.create_cluster(clusterName=CLUSTER)
        self._sidecar = self._image("sidecar", "1", "clean")

    def steps(self, events: int) -> Iterator[Step]:
        """So many ECS calls, and what is pushed in between: teams take turns, each in its order."""
        burst = self._burst(events // 10)
        teams = [burst]
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
        uri = self._image("burst", "1", "bad")
        definition = self._definition("burst", (uri,))
        yield self._registered(definition, (uri,))
        for number in range(services - 1):
            yield self._service(f"burst-{number}", "burst", (uri,))

    def _team(self, name: str) -> Iterator[Step]:
        """An application: some versions, deployed, restarted, run as tasks, one pushed anew."""
        for version in range(1, self._random.randint(2, 4)):
            kind = self._random.choices(["clean", "bad", "mild", *TROUBLE], [40, 30, 20, 4, 2, 4])
            uris = [self._image(name, str(version), kind[0])]
            if self._random.random() < 0.5:
                uris.append(self._sidecar)
            if self._random.random() < 0.1:
                own = f"chaos/{name}"
                uris.append(self._random.choice(UNSCANNABLE).format(host=HOST, own=own))
            deployed = tuple(uris)
            yield self._registered(self._definition(name, deployed), deployed)
            act = self._service if version == 1 else self._update
            yield act(f"{name}-service", name, deployed)
            if self._random.random() < 0.2:
                self._push(f"chaos/{name}", str(version), "bad", again=True)
                yield self._update(f"{name}-service", name, deployed)
            for _ in range(self._random.randint(0, 2)):
                yield self._task(name, deployed)
            for _ in range(self._random.randint(0, 1)):
                yield self._update(f"{name}-service", name, deployed)

    def _image(self, name: str, tag: str, kind: str) -> str:
        repository = f"chaos/{name}"
        if not any(truth.repository == repository for truth in self.truths.values()):
            self._ecr.create_repository(repositoryName=repository)
        return self._push(repository, tag, kind)

    def _push(self, repository: str, tag: str, kind: str, *, again: bool = False) -> str:
        built = images.build(f"{self.seed} {repository} {tag} {kind} {again}")
        pushed = images.push(self._ecr, repository, built, tag)
        severities, qid = SEVERITIES.get(kind, ()), 1000 + 10 * len(self.truths)
        control = self.install.qualys.control
        control.tell_findings(
            pushed.config_digest.removeprefix("sha256:"),
            [
                # New to each place: what the image before had would not be told again.
                {"qid": qid + n, "severity": severity, "title": f"finding {n}"}
                for n, severity in enumerate(severities)
            ],
        )
        behaviour, due = TROUBLE.get(kind, ({}, "FINDINGS" if severities else "CLEAN"))
        if behaviour:
            control.behave(pushed.config_digest, **behaviour)
        counts = {"critical": 5, "high": 4, "medium": 3}
        self.truths[pushed.digest] = Truth(
            repository,
            pushed.digest,
            due,
            {name: severities.count(severity) for name, severity in counts.items()},
            any(severity >= 4 for severity in severities),
        )
        uri = f"{HOST}/{repository}:{tag}"
        self.tags.setdefault(uri, set()).add(pushed.digest)
        return uri

    def _definition(self, family: str, uris: tuple[str, ...]) -> Json:
        containers = [{"name": f"c{n}", "image": uri} for n, uri in enumerate(uris)]
        return {"family": family, "containerDefinitions": containers}

    def _registered(self, definition: Json, uris: tuple[str, ...]) -> Step:
        return Step(lambda: self._ecs.register_task_definition(**definition), uris)

    def _service(self, name: str, family: str, uris: tuple[str, ...]) -> Step:
        return Step(
            lambda: self._ecs.create_service(
                cluster=CLUSTER, serviceName=name, taskDefinition=family, desiredCount=1
            ),
            uris,
            name,
        )

    def _update(self, name: str, family: str, uris: tuple[str, ...]) -> Step:
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
