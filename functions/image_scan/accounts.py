"""Whose ECS and ECR may be read, and as whom: ours as ourselves, others through a describe role.

A member account lets the hub in by a role that trusts nobody but the functions that use it. An
image may lie in a third account: one of ours, such as a central registry, or somebody else's public
one. Findings go to the Security Hub of the account that owns the image, in the same way.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from image_scan import aws, config, log
from image_scan.errors import AwsRejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient

    from image_scan.config import Spokes

# How long an account that did not let us in is not asked again.
_CLOSED_SECONDS = 900


class Accounts:
    """`spokes` is None in an install of a single account, where everything is read as ourselves.

    Methods raise AwsUnavailable, and AwsRejected for an account that should let us in.
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
        """ECS of the account that deploys."""
        spokes = self._spokes
        if spokes is None or account_id == spokes.hub_account_id:
            return self._connect("ecs", region)  # type: ignore[no-any-return]
        return self._member("ecs", account_id, region)  # type: ignore[no-any-return]

    def ecr(self, account_id: str, region: str, deployer: str) -> tuple[ECRClient, str]:
        """ECR of the account that holds an image, which the account `deployer` deploys.

        Beside it the account whose registry role Qualys is to use, empty for our own: an account
        that is not ours is read as ourselves, as far as its repositories let everybody in.
        """
        spokes = self._spokes
        if spokes is None or account_id == spokes.hub_account_id:
            return self._connect("ecr", region), ""
        if spokes.account_ids:
            if account_id not in spokes.account_ids:
                return self._connect("ecr", region), ""
            return self._in("ecr", account_id, region), account_id
        if account_id == deployer:
            return self._in("ecr", account_id, region), account_id
        # Whether a third account is of the organization, only its answer tells.
        if self._closed.get(account_id, 0.0) <= self._clock():
            try:
                return self._in("ecr", account_id, region), account_id
            except AwsRejected as error:
                log.info("account read as ourselves", account=account_id, reason=str(error))
                self._closed[account_id] = self._clock() + _CLOSED_SECONDS
        return self._connect("ecr", region), ""

    def security_hub(self, account_id: str, region: str) -> Any:
        """Security Hub of the member account that owns an image, empty for our own."""
        if not account_id or (self._spokes and account_id == self._spokes.hub_account_id):
            return self._connect("securityhub", region)
        return self._member("securityhub", account_id, region)

    def _member(self, service: str, account_id: str, region: str) -> Any:
        listed = self._spokes.account_ids if self._spokes else ()
        if listed and account_id not in listed:
            raise AwsRejected(f"account {account_id} is none of those that may forward")
        return self._in(service, account_id, region)

    def _in(self, service: str, account_id: str, region: str) -> Any:
        if self._spokes is None:
            raise AwsRejected(f"account {account_id} has no describe role")
        role = self._spokes.describe_role_arn.replace("{account}", account_id)
        return self._connect_as(role, self._spokes.external_id, service, region)


@cache
def install() -> Accounts:
    """Those of this install, once per execution environment."""
    return Accounts(config.spokes(), aws.client, aws.client_as)
