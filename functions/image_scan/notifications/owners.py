"""Finds the team that owns a workload, by a tag.

The tag may be at the service, the task definition or the repository; the first in this order
counts. Tags are read only if there is a notification.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from image_scan import log
from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable
from image_scan.events import tags
from image_scan.events.workloads import in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from image_scan.aws.cross_account import Accounts
    from image_scan.contracts import Image, Workload

# Tags of workloads are read for this time. The others get the repository's owner.
_ASKING_SECONDS = 5
_LONGEST = 100  # characters; SNS takes attributes of 256 KiB together with the message


@dataclass(frozen=True)
class Owners:
    """`tag` is the tag key. Raises AwsUnavailable. If access is denied, the owner is unknown."""

    accounts: Accounts
    tag: str
    timer: Callable[[], float] = time.monotonic
    _known: dict[str, str] = field(default_factory=dict)

    def of(self, image: Image, workloads: Mapping[str, Workload]) -> dict[str, str]:
        """Returns the team by workload, for the workloads that have one. Accounts take turns, so
        that no account uses up the time for those of others."""
        found, ends = {}, self.timer() + _ASKING_SECONDS
        names = sorted(workloads)
        for name in in_turn((each, workloads[each]["account"]) for each in names):
            workload = workloads[name]
            arns = tags.arns_of(workload) if self.timer() < ends else ()
            if team := self._first(workload, arns) or self._repository(image, workload):
                found[name] = team
        return found

    def _first(self, workload: Workload, arns: Iterable[str]) -> str:
        for arn in arns:
            if team := self._once(arn, lambda arn=arn: self._ecs(workload, arn)):  # type: ignore[misc]
                return team
        return ""

    def _ecs(self, workload: Workload, arn: str) -> str:
        return self._value(tags.read(self.accounts, workload, arn).items())

    def _repository(self, image: Image, workload: Workload) -> str:
        if not image["account_id"]:
            return ""
        arn = (
            f"arn:{clients.partition_of(image['region'])}:ecr:{image['region']}:"
            f"{image['account_id']}:repository/{image['repository']}"
        )
        return self._once(arn, lambda: self._ecr(image, workload, arn))

    def _ecr(self, image: Image, workload: Workload, arn: str) -> str:
        ecr = self.accounts.ecr(image["account_id"], image["region"], workload["account"]).ecr
        with clients.calls("ecr:ListTagsForResource"):
            listed = ecr.list_tags_for_resource(resourceArn=arn)["tags"]
        return self._value((each["Key"], each["Value"]) for each in listed)

    def _value(self, pairs: Iterable[tuple[str, str]]) -> str:
        return next((value[:_LONGEST] for key, value in pairs if key == self.tag), "")

    def _once(self, arn: str, ask: Callable[[], str]) -> str:
        if arn not in self._known:
            try:
                self._known[arn] = ask()
            except (AwsRejected, AwsUnavailable) as error:
                nowhere = clients.is_silent(error) and arn.split(":")[3] not in clients.regions()
                if isinstance(error, AwsUnavailable) and not nowhere:
                    raise
                log.info("owner unknown", arn=arn, reason=str(error))
                self._known[arn] = ""
        return self._known[arn]
