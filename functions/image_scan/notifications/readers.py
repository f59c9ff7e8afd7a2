"""Finds the teams whose own topics may get the findings of an image.

Whoever may run a task names any image and gives the task the tag of any team. So a topic of a team
gets findings only if an account that runs the image for this team may read the image, and its
repository has it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from image_scan import log
from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef

    from image_scan.aws.cross_account import Accounts
    from image_scan.contracts import Image, Workload

# Accounts are checked for this time. Those for which no time is left count as without access.
READING_SECONDS = 5


@dataclass(frozen=True)
class Readers:
    """Raises AwsUnavailable if ECR does not answer an account that may have access."""

    accounts: Accounts
    timer: Callable[[], float] = time.monotonic
    _known: dict[tuple[str, str, str], bool] = field(default_factory=dict)

    def among(
        self,
        teams: Iterable[str],
        image: Image,
        owned: Iterable[tuple[str, Workload]],
        ends: float,
    ) -> set[str]:
        """Returns those of `teams` that may get the findings. `owned` are pairs of a team and one
        of its workloads. After `ends`, by the timer, no account is asked."""
        wanted, found = set(teams), set[str]()
        for team, workload in owned:
            is_open = team in wanted - found and self._may_read(workload["account"], image, ends)
            found |= {team} if is_open else set()
        return found

    def _may_read(self, account: str, image: Image, ends: float) -> bool:
        # The repository's owner is asked, too: a container instance may report any digest for it.
        address = account, image["host"], image["repository"]
        if address not in self._known:
            if self.timer() >= ends:
                return False
            self._known[address] = self._ask(account, image)
        return self._known[address]

    def _ask(self, account: str, image: Image) -> bool:
        name: ImageIdentifierTypeDef = (
            {"imageDigest": image["digest"]} if image["digest"] else {"imageTag": image["tag"]}
        )
        try:
            ecr = self.accounts.ecr_as(account, image["region"])
            with clients.calls("ecr:BatchGetImage"):
                found = ecr.batch_get_image(
                    registryId=image["account_id"],
                    repositoryName=image["repository"],
                    imageIds=[name],
                )
        except (AwsRejected, AwsUnavailable) as error:
            if not self.accounts.is_due_to(error, account, image["region"]):
                raise
            log.warning("its team gets no findings of it", account=account, reason=str(error))
            return False
        return bool(found["images"])
