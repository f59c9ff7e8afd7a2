"""The functions' way to Qualys: TLS by a private authority, and a proxy with a password."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
import requests

from image_scan.errors import ConfigurationError, ProxyUnauthorized, QualysUntrusted
from image_scan.qualys.client import QualysClient
from image_scan.qualys.connection import Connection
from image_scan.qualys.credentials import Credentials
from image_scan.qualys.transport import Transport
from sandbox.qualys import QualysSimulator, Tls
from tests.support.authority import private_tls
from tests.support.proxy import PasswordProxy, password_proxy

from .caller import TOKEN
from .conftest import CREDENTIALS

PASSWORD = "p:\u00e4ss w\u00f6rd/@"
LOGIN = {"proxy_user": "scan", "proxy_password": PASSWORD}


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return private_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def gateway(tls: Tls) -> Iterator[QualysSimulator]:
    with QualysSimulator(CREDENTIALS, tls=tls) as running:
        yield running


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[PasswordProxy]:
    with password_proxy("scan", PASSWORD) as running:
        monkeypatch.setenv("HTTPS_PROXY", running.url)
        monkeypatch.setenv("NO_PROXY", "")
        yield running


class Function:
    """What a function makes of its secret and its CA bundle."""

    def __init__(self, gateway: QualysSimulator, ca_bundle: str, **secret: str) -> None:
        self.secret = secret or {"token": TOKEN}
        self.naps: list[float] = []
        session = requests.Session()
        credentials = Credentials(session, gateway.url, lambda: json.dumps(self.secret))
        session.mount("https://", Connection(ca_bundle, credentials.proxy_login))
        self.client = QualysClient(
            Transport(session, gateway.url, credentials, sleep=self.naps.append)
        )

    def ask(self) -> str:
        return self.client.aws_external_id()


def test_a_private_authority_is_trusted_where_it_was_given(
    gateway: QualysSimulator, tls: Tls
) -> None:
    function = Function(gateway, tls.authority.read_text())
    assert function.ask()


def test_the_public_ones_are_trusted_beside_it(gateway: QualysSimulator, tls: Tls) -> None:
    adapter = Connection(tls.authority.read_text())
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", adapter)
    assert session.get(f"{gateway.url}/csapi/v1.3/registry").status_code == 401
    trusted = adapter.poolmanager.connection_pool_kw["ssl_context"].cert_store_stats()["x509_ca"]
    assert trusted == 1 + len(re.findall("BEGIN CERTIFICATE", Path(certifi.where()).read_text()))


@pytest.mark.parametrize("secret", [{}, {"username": "robot", "password": "secret"}])
def test_a_certificate_that_is_not_trusted_is_no_outage(
    gateway: QualysSimulator, secret: dict[str, str]
) -> None:
    function = Function(gateway, "", **secret)
    with pytest.raises(QualysUntrusted, match=r"certificate .* network\.ca_bundle"):
        function.ask()
    assert function.naps == []


def test_another_authority_does_not_help(
    gateway: QualysSimulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = private_tls(tmp_path_factory.mktemp("other")).authority.read_text()
    with pytest.raises(QualysUntrusted):
        Function(gateway, other).ask()


def test_a_bundle_that_cannot_be_read() -> None:
    with pytest.raises(ConfigurationError, match="no certificate that can be read"):
        Connection("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize("secret", [{"token": TOKEN}, {"username": "robot", "password": "secret"}])
def test_a_proxy_gets_the_password_of_the_secret(
    gateway: QualysSimulator, tls: Tls, proxy: PasswordProxy, secret: dict[str, str]
) -> None:
    function = Function(gateway, tls.authority.read_text(), **secret, **LOGIN)
    assert function.ask()
    assert function.ask()
    assert proxy.opened
    assert not proxy.refused


def test_a_proxy_that_refuses_is_no_outage(
    gateway: QualysSimulator, tls: Tls, proxy: PasswordProxy
) -> None:
    wrong = {"token": TOKEN, "proxy_user": "scan", "proxy_password": "old"}
    function = Function(gateway, tls.authority.read_text(), **wrong)
    with pytest.raises(ProxyUnauthorized, match="proxy_password of the secret") as raised:
        function.ask()
    assert "old" not in str(raised.value)
    assert function.naps == []
    assert (proxy.opened, proxy.refused) == (0, 1)


def test_a_password_that_was_rotated_is_picked_up(
    gateway: QualysSimulator, tls: Tls, proxy: PasswordProxy
) -> None:
    wrong = {"token": TOKEN, "proxy_user": "scan", "proxy_password": "old"}
    function = Function(gateway, tls.authority.read_text(), **wrong)
    with pytest.raises(ProxyUnauthorized):
        function.ask()
    function.secret = {"token": TOKEN, **LOGIN}
    assert function.ask()
