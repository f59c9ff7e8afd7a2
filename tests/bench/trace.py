"""What is replayed: a working day of releases, restarts and scale-outs, the same for the same seed.

A deployment is one RegisterTaskDefinition and one UpdateService of a task with two images of ECR:
the service's own and a sidecar that all services share. A restart is an UpdateService that only
forces a new deployment, a scale-out one that only changes the number of tasks. A release
leaves a service with one task, a scale-out with SCALED; releases and restarts replace them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

_Card = TypeVar("_Card")

# Of twenty scans so many end at the first check, the second, the third and the fourth: 1.9 checks
# a scan. Dealt like cards, so that twenty scans in a row have them exactly, in an order of chance.
POLLS = (1,) * 7 + (2,) * 9 + (3,) * 3 + (4,)
# Of twenty new images so many have critical or high findings, and are notified.
BAD = (True,) * 5 + (False,) * 15
DECK = len(POLLS)
SCALED = 4


@dataclass(frozen=True)
class Release:
    """A deployment. `polls` and `bad` say how the scan goes of an image that is `new`."""

    service: int
    version: int
    new: bool
    polls: int
    bad: bool


@dataclass(frozen=True)
class Restart:
    service: int


@dataclass(frozen=True)
class ScaleOut:
    service: int


Step = Release | Restart | ScaleOut


@dataclass(frozen=True)
class Trace:
    """`new_share` of the deployments bring a digest that nobody knows, the others the one before.

    `restarts` and `scale_outs` are so many for each deployment, `sidecars` the further images of a
    task, and services are spread over the accounts one by one.
    """

    deployments: int = 1000
    new_share: float = 1.0
    restarts: float = 0.1
    scale_outs: float = 0.2
    services: int = 20
    sidecars: int = 1
    accounts: int = 1
    seed: int = 1

    def account(self, service: int) -> int:
        return service % self.accounts

    def steps(self) -> Iterator[Step]:
        chance = random.Random(self.seed)  # noqa: S311 - a workload, no secret
        polls, bad = _dealt(POLLS, chance), _dealt(BAD, chance)
        versions = [0] * self.services
        owed = {"new": 0.0, "restart": 0.0, "scale_out": 0.0}
        for number in range(self.deployments):
            service = number % self.services
            # The first of a service has to be new: nobody knows the image before.
            first = versions[service] == 0
            owed["new"] += 0 if first else self.new_share
            new = first or owed["new"] >= 1 - 1e-9
            owed["new"] -= 0 if first else new
            versions[service] += new
            # Nobody waits for the scan of an image that is known.
            how = (next(polls), next(bad)) if new else (0, False)
            yield Release(service, versions[service], new, *how)
            for kind, share, step in (
                ("restart", self.restarts, Restart),
                ("scale_out", self.scale_outs, ScaleOut),
            ):
                owed[kind] += share
                while owed[kind] >= 1 - 1e-9:
                    owed[kind] -= 1
                    yield step(service)


def _dealt(deck: tuple[_Card, ...], chance: random.Random) -> Iterator[_Card]:
    while True:
        yield from chance.sample(deck, len(deck))
