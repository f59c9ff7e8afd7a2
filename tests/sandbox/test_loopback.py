"""A web page that a developer has open reaches neither server of a running sandbox."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import pytest

from sandbox.qualys import Credentials, QualysSimulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.aws import Aws

PAGE = {"Origin": "https://evil.example"}
# What a page may do without asking first: no header of its own, a body of text.
SENT = {"Content-Type": "text/plain"}


@pytest.fixture(params=["aws", "qualys"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    """Returns port and a path that answers programs of this machine."""
    if request.param == "aws":
        aws: Aws = request.getfixturevalue("aws")
        yield aws.port, "/_sandbox/executions"
        return
    with QualysSimulator(Credentials(("token",))) as simulator:
        yield int(simulator.url.rpartition(":")[2]), "/_control/calls"


def status(port: int, path: str, host: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host, **SENT, **headers})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_program_of_this_machine_is_answered(server: tuple[int, str], name: str) -> None:
    port, path = server
    assert status(port, path, f"{name}:{port}") == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "[::1]", ""]
)
def test_a_name_that_somebody_else_resolves_is_refused(server: tuple[int, str], host: str) -> None:
    port, path = server
    assert status(port, path, host) == 403


@pytest.mark.attack(11)
@pytest.mark.parametrize("headers", [PAGE, {"Sec-Fetch-Site": "cross-site"}])
def test_a_page_is_refused(server: tuple[int, str], headers: dict[str, str]) -> None:
    port, path = server
    assert status(port, path, f"127.0.0.1:{port}", **headers) == 403
