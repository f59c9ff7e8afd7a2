"""Stands in for what a function is given: a clock, accounts, a token, a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

from image_scan import accounts
from image_scan.qualys.credentials import Credentials
from tests.support.builders import NOW, REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


class OneAccount(accounts.Accounts):
    """Everything is ours."""

    def __init__(self, ecs: Callable[[str], Any], ecr: Callable[[str], Any]) -> None:
        self._ecs = ecs
        self._ecr = ecr

    def ecs(self, _: str, region: str) -> Any:
        return self._ecs(region)

    def ecr(self, _: str, region: str, __: str) -> accounts.Registry:
        return accounts.Registry(self._ecr(region), "", ours=True)

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
    """A topic of the account, and what was published to it."""

    def __init__(self, environment: pytest.MonkeyPatch) -> None:
        self.sns = boto3.client("sns", region_name=REGION)
        self.arn = self.sns.create_topic(Name="notifications")["TopicArn"]
        environment.setenv("TOPIC_ARN", self.arn)

    def messages(self) -> list[tuple[str, str]]:
        """(subject, message) in the order of publishing."""
        from moto.sns.models import sns_backends  # noqa: PLC0415 - only where it is needed

        sent = sns_backends["123456789012"][REGION].topics[self.arn].sent_notifications
        return [(subject or "", message) for _, message, subject, _, _ in sent]
