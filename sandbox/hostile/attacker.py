"""Plays an account of the organization that attacks all others. It may run and register tasks, tag
its services and push to its own repositories, and nothing more."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from image_scan.notifications.throttle import ERRORS
from image_scan.state import keys
from sandbox import images
from sandbox.aws import ACCOUNT, REGION
from sandbox.hostile.teams import CLUSTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.hostile.teams import Teams
    from sandbox.images import PushedImage
    from sandbox.organization import Organization

Json = dict[str, Any]
_LONGEST = 255  # characters of a name in ECS
_MOST_CONTAINERS = 10
CROWD = 120  # tasks of the image that all teams run, at the beginning: a message has room for 100
_SLOW = 2  # images of one task definition that hold permits
REGIONS = (REGION, "eu-west-1", "us-gov-west-1", "us-east-9", "mars-north-1", "cn-north-1")
CLOSED = ("me-south-1", "us-gov-west-1")  # not enabled, and of another partition
# Findings are accepted there. Nobody else runs anything from there.
COPIES = "copies"
LINK = "https://evil.example/sign-in"
TAGS = (f"payments - sign in at {LINK}", "cart\u2028Digest   sha256:" + "0" * 64, "@channel: clean")


class Attacker:
    """`counts` are the attacks by kind. The sensor never ends its scans of the attacker's own
    images, so that each holds a permit for as long as a scan may take."""

    def __init__(self, organization: Organization, seed: int, teams: Teams) -> None:
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._teams = teams
        self.account = teams.attacker
        spoke = organization.spoke(self.account)
        self._ecs, self._ecr = spoke.ecs, spoke.client("ecr")
        self._control = organization.installation.qualys.control
        self.counts: Counter[str] = Counter()
        self._number = 0
        self._crowded = ""  # the task definition of the crowd

    def steps(self, attacks: int) -> Iterator[Callable[[], None]]:
        """Yields a crowd, and then so many other attacks: each kind equally often."""
        kinds = [
            self._permits,
            self._names,
            self._unknown_registries,
            self._sidecars,
            self._borrowed_digest,
            self._tags,
            self._group,
            self._copies,
        ]
        order = [self._crowd] * CROWD + [kinds[n % len(kinds)] for n in range(attacks)]
        for number, attack in enumerate(order):
            self._number = number
            self.counts[attack.__name__.strip("_").replace("_", " ")] += 1
            yield attack

    def _names(self) -> None:
        """Runs images whose names are the keys of what the installation remembers."""
        victim = self._victim().digest
        held = [
            f"{keys.REGISTRIES}{ACCOUNT}#{REGION}",
            f"{keys.PERMITS}scans",
            *(f"{keys.NOTICES}{error}" for error in sorted(ERRORS)),
            f"{keys.EXCEPTIONS}all",
            f"{keys.SECURITY_HUB}{ACCOUNT}#{keys.hashed(victim)}",
            f"findings#{victim}",
            f"tasks#{victim}",
            f"other#{keys.PERMITS}scans",
            *(victim, "coverage", "exceptions", "#"),
        ]
        self._run(self._random.sample(held, _MOST_CONTAINERS), cluster=self._random.choice(held))

    def _crowd(self) -> None:
        """Runs the bad image of all teams once more, under the longest names that ECS takes."""
        if not self._crowded:
            uris = [self._teams.pushed[0].by_tag] * _MOST_CONTAINERS
            self._crowded = self._register(uris, longest=True)
        cluster = f"c{self._number}".ljust(_LONGEST, "c")
        self._ecs.create_cluster(clusterName=cluster)
        self._ecs.run_task(cluster=cluster, taskDefinition=self._crowded, count=1)

    def _unknown_registries(self) -> None:
        """Only registers: images of invented accounts, in regions that may not exist, and of the
        organization's accounts in regions that they have not enabled."""
        closed = [
            f"{account}.dkr.ecr.{region}.amazonaws.com"
            for account in (ACCOUNT, self.account)
            for region in CLOSED
        ]
        nowhere = [self._nowhere() for _ in range(_MOST_CONTAINERS - len(closed))]
        self._register([f"{registry}/x/y:{n}" for n, registry in enumerate([*closed, *nowhere])])

    def _sidecars(self) -> None:
        """Runs an image of others beside images that nobody can read."""
        victim = self._victim()
        self._run([victim.by_tag, *(f"{self._nowhere()}/side/car:{n}" for n in range(3))])

    def _borrowed_digest(self) -> None:
        """Names the digest of others in registries that nobody can read, or that do not have it."""
        digest = self._victim().digest
        registries = (f"999999999999.dkr.ecr.{REGION}.amazonaws.com", self._nowhere())
        theirs = self._teams.pushed[-1]
        self._run(
            [
                *(f"{registry}/x/y:1@{digest}" for registry in registries),
                *(f"{registry}/x/y@{digest}" for registry in registries),
                f"{self.account}.dkr.ecr.{REGION}.amazonaws.com/nothing:1@{digest}",
                f"{theirs.registry}/{theirs.repository}@{digest}",
            ]
        )

    def _tags(self) -> None:
        """A service with the names of an honest one, and with the team of others as its tag."""
        named = self._random.choice([*self._teams.workloads] or ["app-0"])
        self._ecs.create_cluster(clusterName=CLUSTER)
        self._ecs.create_service(
            cluster=CLUSTER,
            serviceName=f"{named}-{self._number}",
            taskDefinition=self._register([self._victim().by_tag]),
            desiredCount=1,
            tags=[{"key": "team", "value": self._random.choice((*TAGS, *self._teams.spokes))}],
        )

    def _group(self) -> None:
        """A task of its own that says it belongs to a service of others."""
        named = self._random.choice([*self._teams.workloads] or ["app-0"])
        self._run([self._victim().by_tag], cluster=CLUSTER, group=f"service:{named}")

    def _copies(self) -> None:
        """Runs the same bytes as an image of others from a repository of its own."""
        victim, repository = self._victim(), f"{COPIES}/{self._number}"
        self._ecr.create_repository(repositoryName=repository)
        built = images.build(self._teams.content(victim.repository))
        self._run([images.push(self._ecr, repository, built, "1").by_tag])

    def _permits(self) -> None:
        """Registers images of its own, whose scans never end."""
        repository = f"slow/{self._number}"
        self._ecr.create_repository(repositoryName=repository)
        uris = []
        for tag in range(_SLOW):
            built = images.build(f"{repository} {tag}")
            pushed = images.push(self._ecr, repository, built, str(tag))
            self._control.behave(pushed.config_digest, never_ends=True)
            uris.append(pushed.by_tag)
        self._register(uris)

    def _victim(self) -> PushedImage:
        """An image of others. If they have not deployed it yet, its scan is the attacker's own,
        which has its share of the permits; who deploys the image next waits for the same scan."""
        return self._random.choice(self._teams.pushed)

    def _nowhere(self) -> str:
        """A registry of an account that nobody has."""
        account, region = self._random.randrange(10**11), self._random.choice(REGIONS)
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return f"9{account:011}.dkr.ecr.{region}.{suffix}"

    def _run(self, uris: list[str], *, cluster: str = "", **options: str) -> None:
        cluster = (cluster or f"c{self._number}").replace("#", "-").replace(":", "-")
        self._ecs.create_cluster(clusterName=cluster)
        definition = self._register(uris)
        self._ecs.run_task(cluster=cluster, taskDefinition=definition, count=1, **options)

    def _register(self, uris: list[str], *, longest: bool = False) -> str:
        """Returns the task definition's ARN. The same number of a step has one family."""
        length = _LONGEST if longest else 1
        containers = [
            {"name": f"c{n}".ljust(length, "n"), "image": uri, "essential": n == 0}
            for n, uri in enumerate(uris)
        ]
        family = f"f{self._number}".ljust(length, "f")
        answer = self._ecs.register_task_definition(family=family, containerDefinitions=containers)
        return str(answer["taskDefinition"]["taskDefinitionArn"])
