"""Stands in for what a function is given: a clock, accounts, a token, topics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from image_scan.aws import cross_account
from image_scan.contracts import READERS
from image_scan.notifications.topics import Topics
from image_scan.qualys.credentials import Credentials
from tests.support.builders import NOW, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

    from image_scan.contracts import Reader


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


class OneAccount(cross_account.Accounts):
    """Everything is ours."""

    def __init__(self, ecs: Callable[[str], Any], ecr: Callable[[str], Any]) -> None:
        self._ecs = ecs
        self._ecr = ecr

    def ecs(self, _: str, region: str) -> Any:
        return self._ecs(region)

    def ecr(self, _: str, region: str, __: str) -> cross_account.Registry:
        return cross_account.Registry(self._ecr(region), "", ours=True)

    def is_ours(self, *_: str) -> bool:
        return True


class FixedToken(Credentials):
    """Needs no sign-in; `renewals` are what renewing brings."""

    def __init__(self, *renewals: str) -> None:
        self.current = "token-0"
        self._renewals = list(renewals)

    def token(self) -> str:
        return self.current

    def renew(self) -> bool:
        if not self._renewals:
            return False
        self.current = self._renewals.pop(0)
        return True


class Inbox:
    """The topics of the account, and what was published to them."""

    def __init__(self, environment: pytest.MonkeyPatch) -> None:
        self.sns = boto3.client("sns", region_name=REGION)
        self.arns = {reader: self.create(reader) for reader in READERS}
        environment.setenv("TOPIC_ARNS", json.dumps(self.arns))

    def create(self, name: str) -> str:
        return str(self.sns.create_topic(Name=name)["TopicArn"])

    def topics(self, teams: Mapping[str, Mapping[Reader, str]] | None = None) -> Topics:
        return Topics(self.sns, self.arns, teams or {})

    def messages(self, reader: Reader = "machines") -> list[tuple[str, str]]:
        """(subject, message) in the order of publishing."""
        return self.published(self.arns[reader])

    def published(self, arn: str) -> list[tuple[str, str]]:
        from moto.sns.models import sns_backends  # noqa: PLC0415 - only where it is needed

        sent = sns_backends["123456789012"][REGION].topics[arn].sent_notifications
        return [(subject or "", message) for _, message, subject, _, _ in sent]
