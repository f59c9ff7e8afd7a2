"""Finds the team that owns a workload, by a tag.

The tag may be at the service, the task definition or the repository; the first in this order
counts. Tags are read only if there is a notification.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from image_scan import log
from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable
from image_scan.events import tags
from image_scan.fair import in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from image_scan.aws.cross_account import Accounts
    from image_scan.contracts import Image, Workload

# Tags of workloads are read for this time. Of the others, what is at hand counts.
_ASKING_SECONDS = 5
_LONGEST = 100  # characters; SNS takes attributes of 256 KiB together with the message


class Owned(NamedTuple):
    """The team by workload, for the workloads that have one. `unknown` are those of which a tag
    that counts first could not be read: they may be another team's, or anybody's."""

    teams: dict[str, str]
    unknown: set[str]


@dataclass(frozen=True)
class Owners:
    """`tag` is the tag key. Raises AwsUnavailable. If access is denied, or a member has used up its
    quota, the owner is unknown."""

    accounts: Accounts
    tag: str
    timer: Callable[[], float] = time.monotonic
    _known: dict[str, str | None] = field(default_factory=dict)  # None: it could not be read

    def of(self, images: Mapping[str, Image], workloads: Mapping[str, Workload]) -> Owned:
        """`images` has the image as each workload runs it. Accounts take turns, so that no account
        uses up the time for those of others."""
        found, ends = Owned({}, set()), self.timer() + _ASKING_SECONDS
        names = sorted(workloads)
        for name in in_turn((each, workloads[each]["account"]) for each in names):
            is_late = self.timer() >= ends
            for team in self._tagged(images[name], workloads[name], is_late=is_late):
                if team:
                    found.teams[name] = team
                    break
                if team is None:
                    found.unknown.add(name)
        return found

    def _tagged(self, image: Image, workload: Workload, *, is_late: bool) -> Iterator[str | None]:
        """Yields what each resource says: the one that counts first, first."""
        for arn in tags.arns_of(workload):
            if is_late:
                yield self._known.get(arn)
            else:
                yield self._once(arn, partial(self._ecs, workload, arn))
        yield self._repository(image, workload)

    def _ecs(self, workload: Workload, arn: str) -> str:
        return self._value(tags.read(self.accounts, workload, arn).items())

    def _repository(self, image: Image, workload: Workload) -> str | None:
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

    def _once(self, arn: str, ask: Callable[[], str]) -> str | None:
        if arn not in self._known:
            try:
                self._known[arn] = ask()
            except (AwsRejected, AwsUnavailable) as error:
                _, _, _, region, account, *_ = arn.split(":")
                if not self.accounts.is_due_to(error, account, region):
                    raise
                log.info("owner unknown", arn=arn, reason=str(error))
                self._known[arn] = None
        return self._known[arn]
