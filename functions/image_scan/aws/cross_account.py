"""Returns AWS clients for the account that owns a resource.

Our own account is read with our own role. A member account is read with its describe role, which
trusts only the functions that use it. An image may be in a third account: a member, such as a
central registry, or a foreign account with a public registry. Findings are sent to the Security Hub
of the account that owns the image, in the same way.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from image_scan import config, log
from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient

    from image_scan.config import Spokes

# For this time, an account that denied access is not asked again.
_CLOSED_SECONDS = 900


class Registry(NamedTuple):
    """ECR of an account; `ours`: the account is our own or a member.

    `role_account_id` is the account whose registry role Qualys must use, empty for our own.
    """

    ecr: ECRClient
    role_account_id: str
    ours: bool


class Accounts:
    """Makes clients. `spokes` is None in an installation of a single account: it reads everything
    with its own role.

    Methods raise AwsUnavailable, and AwsRejected if a member account denies access.
    """

    def __init__(
        self,
        spokes: Spokes | None,
        connect: Callable[[str, str], Any],
        connect_as: Callable[[str, str, str, str], Any],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._spokes = spokes
        self._connect = connect
        self._connect_as = connect_as
        self._clock = clock
        self._closed: dict[str, float] = {}

    def ecs(self, account_id: str, region: str) -> ECSClient:
        """Returns ECS of the account that deploys."""
        return cast("ECSClient", self._deployers("ecs", account_id, region))

    def ecr(self, account_id: str, region: str, deployer: str) -> Registry:
        """Returns ECR of the account that holds an image, which the account `deployer` deploys.

        A foreign account is read with our own role, as far as its repository policies permit.
        """
        spokes = self._spokes
        if self.is_ours(account_id, deployer):
            if spokes is None or account_id == spokes.hub_account_id:
                return Registry(self._connect("ecr", region), "", ours=True)
            return Registry(self._in("ecr", account_id, region), account_id, ours=True)
        # Only an attempt shows whether a third account belongs to the organization.
        of_organization = spokes is not None and not spokes.account_ids
        if of_organization and self._closed.get(account_id, 0.0) <= self._clock():
            try:
                return Registry(self._in("ecr", account_id, region), account_id, ours=True)
            except AwsRejected as error:
                log.info("account read with our own role", account=account_id, reason=str(error))
                self._close(account_id)
        return Registry(self._connect("ecr", region), "", ours=False)

    def ecr_as(self, account_id: str, region: str) -> ECRClient:
        """Returns ECR with the permissions of an account that deploys."""
        return cast("ECRClient", self._deployers("ecr", account_id, region))

    def is_ours(self, account_id: str, deployer: str) -> bool:
        """Checks whether an account is our own or a member, without a call to it. The deployer is
        one of these, since no other account can send events."""
        spokes = self._spokes
        if spokes is not None and spokes.account_ids:
            return account_id in (spokes.hub_account_id, *spokes.account_ids)
        return account_id == deployer or (
            spokes is not None and account_id == spokes.hub_account_id
        )

    def belongs(self, account_id: str, region: str, deployer: str) -> bool | None:
        """Checks whether an account is our own or a member. In an organization only an attempt to
        read it shows that; None if there is no answer."""
        if self.is_ours(account_id, deployer):
            return True
        try:
            return self.ecr(account_id, region, deployer).ours
        except AwsUnavailable:
            return None

    def is_due_to(self, error: Exception, account_id: str, region: str) -> bool:
        """Checks whether an error is due to the account and region that were asked, so that others
        must not wait for them: access is denied, the region does not exist, or a member has used up
        its own quota of calls."""
        if isinstance(error, AwsRejected):
            return True
        is_nowhere = clients.is_silent(error) and region not in clients.regions()
        is_member = self._spokes is not None and account_id != self._spokes.hub_account_id
        return is_nowhere or (is_member and clients.is_throttled(error))

    def security_hub(self, account_id: str, region: str) -> Any:
        """Returns Security Hub of the account that owns an image; an empty id is our own."""
        if not account_id or (self._spokes and account_id == self._spokes.hub_account_id):
            return self._connect("securityhub", region)
        return self._member("securityhub", account_id, region)

    def _close(self, account_id: str) -> None:
        now = self._clock()
        still = {each: until for each, until in self._closed.items() if until > now}
        self._closed = {**still, account_id: now + _CLOSED_SECONDS}

    def _deployers(self, service: str, account_id: str, region: str) -> Any:
        if self._spokes is None or account_id == self._spokes.hub_account_id:
            return self._connect(service, region)
        return self._member(service, account_id, region)

    def _member(self, service: str, account_id: str, region: str) -> Any:
        listed = self._spokes.account_ids if self._spokes else ()
        if listed and account_id not in listed:
            raise AwsRejected(f"account {account_id} is not one that may forward events")
        return self._in(service, account_id, region)

    def _in(self, service: str, account_id: str, region: str) -> Any:
        if self._spokes is None:
            raise AwsRejected(f"account {account_id} has no describe role")
        role = self._spokes.describe_role_arn.replace("{account}", account_id)
        return self._connect_as(role, self._spokes.external_id, service, region)


@cache
def accounts() -> Accounts:
    """Returns the accounts of this installation, made once per execution environment."""
    return Accounts(config.spokes(), clients.client, clients.client_as)
