"""Reads tags of a workload: those of its service, or of its task definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan import log
from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from image_scan.aws.cross_account import Accounts
    from image_scan.contracts import Deployment


def arns_of(deployment: Deployment) -> Iterator[str]:
    """Yields ARNs of what has tags: the service, then the task definition."""
    if deployment["service"] and deployment["cluster"]:
        yield (
            f"arn:{clients.partition_of(deployment['region'])}:ecs:{deployment['region']}:"
            f"{deployment['account']}:service/{deployment['cluster']}/{deployment['service']}"
        )
    if deployment["task_definition"].startswith("arn:"):
        yield deployment["task_definition"]


def read(accounts: Accounts, deployment: Deployment, arn: str) -> dict[str, str]:
    """Raises AwsUnavailable or AwsRejected."""
    ecs = accounts.ecs(deployment["account"], deployment["region"])
    with clients.calls("ecs:ListTagsForResource"):
        tags = ecs.list_tags_for_resource(resourceArn=arn)["tags"]
    return {each.get("key", ""): each.get("value", "") for each in tags}


class WorkloadTags:
    """Reads each resource once."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._known: dict[str, dict[str, str] | None] = {}

    def of(self, deployment: Deployment) -> dict[str, str] | None:
        """Returns the tags of the service; of a task without one, those of its task definition.
        None if they cannot be read. Whoever may run a task can name any service as its own, but
        not tag that service."""
        arn = next(arns_of(deployment), "")
        if not arn or bool(deployment["service"]) != (":service/" in arn):
            return None
        return self._once(deployment, arn)

    def _once(self, deployment: Deployment, arn: str) -> dict[str, str] | None:
        if arn not in self._known:
            try:
                self._known[arn] = read(self._accounts, deployment, arn)
            except (AwsRejected, AwsUnavailable) as error:
                log.warning("tags not read: in scope", arn=arn, reason=str(error))
                self._known[arn] = None
        return self._known[arn]
