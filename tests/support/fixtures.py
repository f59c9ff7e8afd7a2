"""Fixtures of the tiers that run the functions in this process: AWS by moto, Qualys by answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
import responses
from moto import mock_aws

from image_scan.aws import clients
from image_scan.cache.leases import ScanCache
from image_scan.cache.table import CacheTable
from image_scan.notifications.throttle import Throttle
from image_scan.qualys.client import QualysClient
from image_scan.qualys.transport import Transport
from image_scan.state.permits import ScanPermits
from image_scan.state.registries import RegistryCache
from image_scan.state.table import StateTable
from tests.support import builders, moto_costs, tables
from tests.support.builders import GATEWAY, REGION
from tests.support.core import Core
from tests.support.doubles import Clock, FixedToken, Inbox
from tests.support.fake_ecr import FakeEcr
from tests.support.pipeline import Pipeline, installed, simulated
from tests.support.settings import as_deployed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from sandbox.qualys import QualysSimulator

moto_costs.work_out_once()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The functions' environment, and none of the developer's own AWS settings."""
    yield from as_deployed(monkeypatch)


@pytest.fixture
def cloud(environment: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty AWS account."""
    with mock_aws():
        yield


@pytest.fixture
def dynamodb(cloud: None) -> DynamoDBClient:
    client = boto3.client("dynamodb", region_name=REGION)
    tables.create(client)
    return client


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> CacheTable:
    return CacheTable(dynamodb, tables.CACHE)


@pytest.fixture
def state(dynamodb: DynamoDBClient) -> StateTable:
    return StateTable(dynamodb, tables.STATE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(table: CacheTable, clock: Clock) -> ScanCache:
    return ScanCache(table, builders.POLICY.may_notify, clock)


@pytest.fixture
def core(dynamodb: DynamoDBClient, clock: Clock) -> Core:
    return Core(dynamodb, clock)


@pytest.fixture
def registry_cache(state: StateTable, clock: Clock) -> RegistryCache:
    return RegistryCache(state, clock)


@pytest.fixture
def permits(state: StateTable, clock: Clock) -> ScanPermits:
    return ScanPermits(state, clock)


@pytest.fixture
def notices(state: StateTable, clock: Clock) -> Throttle:
    return Throttle(state, clock)


@pytest.fixture
def ecr(environment: pytest.MonkeyPatch) -> FakeEcr:
    """What the functions find behind `aws.client("ecr")`."""
    fake = FakeEcr()
    other = clients.client

    def client(service: str, region: str | None = None) -> Any:
        return fake if service == "ecr" else other(service, region)

    environment.setattr(clients, "client", client)
    return fake


@pytest.fixture
def inbox(cloud: None, environment: pytest.MonkeyPatch) -> Inbox:
    return Inbox(environment)


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

    transport = Transport(requests.Session(), GATEWAY, FixedToken(), naps.append)
    return QualysClient(transport)


@pytest.fixture(scope="session")
def simulator() -> Iterator[QualysSimulator]:
    with simulated() as running:
        yield running


@pytest.fixture
def pipeline(simulator: QualysSimulator, environment: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    with installed(simulator, environment) as made:
        yield made


@pytest.fixture
def connected(pipeline: Pipeline) -> Pipeline:
    """An installation that has a registry from earlier scans, of other images."""
    pipeline.have_registry()
    return pipeline
