"""What ECS says of a deployment: the revision that is to start, and what ran in its service.

ECS resolves a tag when the first task of a revision is pulled, so a revision that is to start has
no digests, and one that runs has them:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html#deployment-container-image-stability
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_scan.aws import clients
from image_scan.ecr.identity import cache_key
from image_scan.ecr.references import SHA256
from image_scan.errors import AwsRejected, AwsUnavailable
from image_scan.events import task_definitions
from image_scan.gate import bypass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_ecs import ECSClient

    from image_scan.aws.cross_account import Accounts
    from image_scan.events.task_definitions import TaskDefinition

_BATCH = 20  # service revisions in one call
_MOST_REVISIONS = 100
_MOST_PAGES = 3  # of 100 deployments


@dataclass(frozen=True)
class Revision:
    """A service revision. `digests` by container are those that ECS has resolved, `named` those of
    references. `on_fargate`: not on instances, which may have any processor."""

    arn: str
    service_arn: str
    cluster_arn: str
    task_definition: str
    digests: Mapping[str, str]
    named: frozenset[str]
    on_fargate: bool = False


@dataclass(frozen=True)
class ServiceDeployment:
    """`running` are the revisions that had tasks when it was asked for, its own left out."""

    arn: str
    service_arn: str
    started: float
    running: tuple[str, ...]


class Services:
    """ECS of the account and region that a service is in: our own, or a member's. Every method
    raises AwsUnavailable or AwsRejected."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._definitions: dict[str, TaskDefinition] = {}

    def _ecs(self, arn: str) -> ECSClient:
        _, _, _, region, account, *_ = [*arn.split(":"), "", ""]
        return self._accounts.ecs(account, region)

    def revision(self, arn: str) -> Revision:
        for each in self._revisions([arn]):
            return each
        raise AwsUnavailable("ecs:DescribeServiceRevisions: the revision is not there yet")

    def deployment(self, arn: str, revision: Revision) -> ServiceDeployment:
        with clients.calls("ecs:DescribeServiceDeployments"):
            answer = self._ecs(arn).describe_service_deployments(serviceDeploymentArns=[arn])
        for each in answer["serviceDeployments"]:
            if each.get("serviceArn") != revision.service_arn:
                raise AwsRejected("the deployment and the revision are of two services")
            begun = each.get("startedAt") or each["createdAt"]
            sources = each.get("sourceServiceRevisions", [])
            running = tuple(
                source["arn"]
                for source in sources
                if source.get("runningTaskCount", 0) > 0 and source["arn"] != revision.arn
            )
            return ServiceDeployment(arn, revision.service_arn, begun.timestamp(), running)
        raise AwsUnavailable("ecs:DescribeServiceDeployments: the deployment is not there yet")

    def definition(self, arn: str) -> TaskDefinition:
        if arn not in self._definitions:
            self._definitions[arn] = task_definitions.describe(self._ecs(arn), arn)
        return self._definitions[arn]

    def bypass_tag(self, service_arn: str) -> str:
        """Reads the tag that opens the gate of a service; empty where there is none."""
        with clients.calls("ecs:ListTagsForResource"):
            tags = self._ecs(service_arn).list_tags_for_resource(resourceArn=service_arn)["tags"]
        return next((each["value"] for each in tags if each.get("key") == bypass.TAG), "")

    def admitted(
        self,
        target: Revision,
        deployment: ServiceDeployment,
        since: float,
        digests: Iterable[str],
    ) -> frozenset[str]:
        """Returns the keys of those digests that run in the service, or ran there since a time.

        That a revision has tasks is not enough: they may be of a deployment that is not over, and
        that the gate has not let through. One without a deployment is older than what ECS keeps.
        """
        made, are_all = self._deployments(target)
        over = {each["targetServiceRevisionArn"] for each in made if _succeeded(each)}
        begun = {each["targetServiceRevisionArn"] for each in made}
        arns = [
            each for each in deployment.running if each in over or (are_all and each not in begun)
        ]
        arns += _lately([each for each in made if _succeeded(each)], since)
        wanted, keys = frozenset(digests), set()
        for revision in self._revisions([each for each in arns if each != target.arn]):
            if same := wanted & {*revision.digests.values(), *revision.named}:
                platform = self.definition(revision.task_definition).platform
                keys |= {cache_key(digest, platform) for digest in same}
        return frozenset(keys)

    def _deployments(self, target: Revision) -> tuple[list[Any], bool]:
        """Lists deployments of the service, which ECS keeps for 90 days; the newest first. Returns
        whether these are all, too."""
        with clients.calls("ecs:ListServiceDeployments"):
            more: dict[str, Any] = {}
            found: list[Any] = []
            for _ in range(_MOST_PAGES):
                answer = self._ecs(target.service_arn).list_service_deployments(
                    service=target.service_arn, cluster=target.cluster_arn, **more
                )
                found += answer["serviceDeployments"]
                if not answer.get("nextToken"):
                    break
                more = {"nextToken": answer["nextToken"]}
        newest = sorted(found, key=lambda each: each["createdAt"], reverse=True)
        return newest, not answer.get("nextToken")

    def _revisions(self, arns: Sequence[str]) -> list[Revision]:
        found, wanted = [], list(dict.fromkeys(arns))[:_MOST_REVISIONS]
        for start in range(0, len(wanted), _BATCH):
            with clients.calls("ecs:DescribeServiceRevisions"):
                batch = wanted[start : start + _BATCH]
                ecs = self._ecs(batch[0])
                answer = ecs.describe_service_revisions(serviceRevisionArns=batch)
            found += [_revision(each) for each in answer["serviceRevisions"]]
        return found


def _succeeded(deployment: Mapping[str, Any]) -> bool:
    return deployment.get("status") == "SUCCESSFUL"


def _lately(deployments: Sequence[Mapping[str, Any]], since: float) -> list[str]:
    """Returns what successful deployments, newest first, made run since a time: the first from
    before that ran until the next one."""
    later = [each for each in deployments if each["createdAt"].timestamp() >= since]
    before = deployments[len(later) : len(later) + 1]
    return [each["targetServiceRevisionArn"] for each in (*later, *before)]


def _revision(described: Mapping[str, Any]) -> Revision:
    listed = described.get("containerImages", [])
    digests = {each.get("containerName", ""): each.get("imageDigest") or "" for each in listed}
    named = {each.get("image", "").rpartition("@")[2] for each in listed}
    return Revision(
        arn=described["serviceRevisionArn"],
        service_arn=described["serviceArn"],
        cluster_arn=described.get("clusterArn", ""),
        task_definition=described["taskDefinition"],
        digests={name: digest for name, digest in digests.items() if SHA256.fullmatch(digest)},
        named=frozenset(each for each in named if SHA256.fullmatch(each)),
        on_fargate=_on_fargate(described),
    )


def _on_fargate(described: Mapping[str, Any]) -> bool:
    strategy = described.get("capacityProviderStrategy", [])
    providers = {each.get("capacityProvider") for each in strategy} or {described.get("launchType")}
    return providers <= {"FARGATE", "FARGATE_SPOT"}
