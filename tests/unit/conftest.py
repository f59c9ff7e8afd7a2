"""AWS by moto, Qualys by recorded answers; no test reaches a network."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import responses
from hypothesis import settings
from moto import mock_aws

from image_scan import accounts, aws, subscription
from image_scan.cache_table import CacheTable
from image_scan.install_notices import InstallNotices
from image_scan.qualys.client import QualysClient
from image_scan.qualys.transport import Transport
from image_scan.registry_memo import RegistryMemo
from image_scan.scan_cache import ScanCache
from image_scan.scan_slots import ScanSlots
from tests.unit import builders, tables
from tests.unit.builders import GATEWAY, NOW, REGION, ROLE
from tests.unit.fake_ecr import FakeEcr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TABLE = tables.CACHE

# The same examples on every run, and none kept in the working folder.
settings.register_profile("repository", derandomize=True, database=None, deadline=None)
settings.load_profile("repository")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


class OneAccount:
    """The part of Accounts that reading an event uses: everything is ours."""

    def __init__(self, ecs: Callable[[str], Any], ecr: Callable[[str], Any]) -> None:
        self._ecs = ecs
        self._ecr = ecr

    def ecs(self, _: str, region: str) -> Any:
        return self._ecs(region)

    def ecr(self, _: str, region: str, __: str) -> accounts.Registry:
        return accounts.Registry(self._ecr(region), "", ours=True)

    def is_ours(self, *_: str) -> bool:
        return True


class FixedToken:
    """The part of Credentials that Transport uses; `renewals` are what renewing brings."""

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


SETTINGS = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NAME_PREFIX": "unit",
    "LOG_LEVEL": "INFO",
    "CACHE_TABLE": TABLE,
    "LEDGER_TABLE": tables.LEDGER,
    "NOTIFY": json.dumps(builders.NOTIFY),
    "CACHE_TTL_DAYS": "7",
    "LEASE_SECONDS": "3900",
    "QUALYS_GATEWAY_URL": GATEWAY,
    "QUALYS_SECRET_ARN": "qualys",
    "QUALYS_ROLE_ARN": ROLE,
    "MAX_CONCURRENT_SCANS": "100",
    "REQUIRE_EXAMINED": "vulnerabilities",
    "OWNER_TAG": "team",
    "RESULT_BUS": f"arn:aws:events:{REGION}:123456789012:event-bus/default",
}


def as_deployed(patch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The functions' environment, and none of the developer's own AWS settings."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    for name, value in SETTINGS.items():
        patch.setenv(name, value)
    clear = (
        aws.client.cache_clear,
        aws._assumed.clear,
        aws._clients.clear,
        subscription.client.cache_clear,
        accounts.install.cache_clear,
    )
    for each in clear:
        each()
    yield patch
    for each in clear:
        each()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield from as_deployed(monkeypatch)


@pytest.fixture
def cloud(environment: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty AWS account."""
    with mock_aws():
        yield


@pytest.fixture
def dynamodb(cloud: None) -> Any:
    client = boto3.client("dynamodb", region_name=REGION)
    tables.create(client)
    return client


@pytest.fixture
def table(dynamodb: Any) -> CacheTable:
    return CacheTable(dynamodb, TABLE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(table: CacheTable, clock: Clock) -> ScanCache:
    return ScanCache(table, builders.POLICY.may_tell, clock)


@pytest.fixture
def memo(table: CacheTable, clock: Clock) -> RegistryMemo:
    return RegistryMemo(table, clock)


@pytest.fixture
def slots(table: CacheTable, clock: Clock) -> ScanSlots:
    return ScanSlots(table, clock)


@pytest.fixture
def notices(table: CacheTable, clock: Clock) -> InstallNotices:
    return InstallNotices(table, clock)


@pytest.fixture
def ecr(environment: pytest.MonkeyPatch) -> FakeEcr:
    """What the functions find behind `aws.client("ecr")`."""
    fake = FakeEcr()
    other = aws.client

    def client(service: str, region: str | None = None) -> Any:
        return fake if service == "ecr" else other(service, region)

    environment.setattr(aws, "client", client)
    return fake


@pytest.fixture
def topic(cloud: None, environment: pytest.MonkeyPatch) -> Inbox:
    return Inbox(environment)


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
        return [(subject, message) for _, message, subject, _, _ in sent]


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """What Qualys answers; a request without an answer fails the test's call."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def naps() -> list[float]:
    """How long the transport has slept."""
    return []


@pytest.fixture
def qualys(answers: responses.RequestsMock, naps: list[float]) -> QualysClient:
    import requests  # noqa: PLC0415 - after its adapter was replaced

    transport = Transport(requests.Session(), GATEWAY, FixedToken(), naps.append)  # type: ignore[arg-type]
    return QualysClient(transport)
