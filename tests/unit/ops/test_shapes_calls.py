"""Which calls are compared, and what the command comes to where one has no answer."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from image_scan.errors import ConfigurationError, QualysForbidden, QualysUnauthorized
from ops.doctor.findings import Unanswered
from ops.errors import OpsError
from ops.shapes import command
from ops.shapes.calls import answers

if TYPE_CHECKING:
    from collections.abc import Mapping


class FakeAnswer:
    def __init__(self, status: int, body: Any) -> None:
        self.status_code, self.content = status, json.dumps(body).encode()


class FakeTransport:
    """Answers by path, with a body, a status without one, or an error; else with 404 and HTML."""

    def __init__(self, bodies: Mapping[str, Any]) -> None:
        self.bodies, self.asked = bodies, list[str]()

    def send(self, _method: str, path: str, params: Any) -> FakeAnswer:
        assert params is None or params
        self.asked.append(path)
        stated = self.bodies.get(path, 404)
        if isinstance(stated, Exception):
            raise stated
        return FakeAnswer(stated, "<html>") if type(stated) is int else FakeAnswer(200, stated)


def ask(bodies: Mapping[str, Any]) -> list[str]:
    transport: Any = FakeTransport(bodies)
    list(answers(transport, "ours.example.com", "111111111111"))
    return list(transport.asked)


def test_our_registry_and_an_image_with_findings_are_preferred() -> None:
    registries = [{"registryUuid": "a", "registryUri": "https://other"}, {"registryUuid": 7}]
    ours = {"registryUuid": "b", "registryUri": "https://ours.example.com/"}
    images = [{"sha": "1" * 64, "vulnerabilities": None}, {"sha": "../2"}]
    bad = {"sha": "3" * 64, "vulnerabilities": {"severity5Count": 1}}
    asked = ask({"/registry": {"data": [*registries, ours]}, "/images": {"data": [*images, bad]}})
    assert "/registry/b/schedule" in asked
    assert f"/images/{'3' * 64}/vuln" in asked
    assert not [path for path in asked if ".." in path]


@pytest.mark.parametrize("body", [None, [], {}, {"data": None}, {"data": [1]}, {"data": [{}]}, "1"])
def test_lists_of_any_form_are_lived_with(body: Any) -> None:
    asked = ask({"/registry": body, "/images": body})
    assert asked == ["/registry/aws-base", "/registry", "/registry/aws/connectors/111111111111",
                     "/sensors", "/images"]  # fmt: skip


BASE = {"accountId": "1", "externalId": 7}
NOTHING = dict.fromkeys(("/registry", "/sensors", "/images"), 204)


class FakeHere:
    """An installation whose Qualys answers these bodies."""

    def make(self, target: str) -> str:
        return f"make {target}"

    def __init__(self, bodies: Mapping[str, Any] | Exception) -> None:
        self.kinds, self.region, self.account_id = {"installation"}, "us-east-1", "111111111111"
        self.bodies, self.qualys = bodies, self

    def setting(self, _name: str) -> str:
        return "arn:aws:iam::111111111111:role/r"

    @property
    def transport(self) -> FakeTransport:
        if isinstance(self.bodies, Exception):
            raise self.bodies
        return FakeTransport(self.bodies)


def run(bodies: Mapping[str, Any] | Exception) -> tuple[int, list[str]]:
    """The exit status and the lines of the command."""
    console, here = Console(record=True, width=40, file=io.StringIO()), FakeHere(bodies)
    status = command.run(here, console, as_json=False)  # type: ignore[arg-type]
    return status, console.export_text().splitlines()


def test_a_subscription_with_nothing_in_it_is_as_expected() -> None:
    status, lines = run({"/registry/aws-base": BASE, **NOTHING})
    assert status == 0
    assert "GET /registry/aws/connectors/{account}: HTTP 404: nothing to compare" in lines


@pytest.mark.parametrize(
    ("base", "line"),
    [
        ({"awsAccountId": "1", "externalId": 7}, "HTTP 200: 2 differences"),
        (404, "HTTP 404: QualysUnavailable, not compared"),
        (204, "HTTP 204: QualysUnreadable, not compared"),
        (None, "HTTP 200: QualysUnreadable, not compared"),
        (QualysForbidden("GET: HTTP 403"), "HTTP 403: QualysForbidden, not compared"),
    ],
)
def test_a_base_account_that_cannot_be_read_is_a_line_of_the_report(base: Any, line: str) -> None:
    status, lines = run({"/registry/aws-base": base, **NOTHING})
    assert status == 1
    assert f"GET /registry/aws-base: {line}" in lines
    assert "GET /sensors: HTTP 204: nothing to compare" in lines


@pytest.mark.parametrize("path", NOTHING)
def test_a_list_that_is_not_there_is_not_as_expected(path: str) -> None:
    status, lines = run({"/registry/aws-base": BASE, **NOTHING, path: 404})
    assert status == 1
    assert f"GET {path}: HTTP 404: QualysUnavailable, not compared" in lines


def test_what_was_listed_and_is_not_there_is_not_as_expected() -> None:
    status, lines = run(
        {
            "/registry/aws-base": BASE,
            **NOTHING,
            "/registry": {"data": [{"registryUuid": "a", "registryUri": "https://ours"}]},
            "/images": {"data": [{"sha": "1" * 64}]},
        }
    )
    assert status == 1
    for call in ("/registry/{registry}", "/registry/{registry}/schedule", "/images/{image}"):
        assert f"GET {call}: HTTP 404: QualysUnavailable, not compared" in lines
    assert "GET /images/{image}/vuln: HTTP 404: nothing to compare" in lines


@pytest.mark.parametrize(
    ("bodies", "sentence"),
    [
        (Unanswered("the gateway cannot be reached"), "the gateway cannot be reached"),
        (ConfigurationError("the CA bundle has no certificate"), "the CA bundle has no certifi"),
        ({"/registry/aws-base": ConfigurationError("the secret must be")}, "the secret must be"),
        ({"/registry/aws-base": QualysUnauthorized("HTTP 401")}, "Qualys refuses the credential"),
    ],
)
def test_where_nothing_can_be_asked_it_is_one_sentence(bodies: Any, sentence: str) -> None:
    with pytest.raises(OpsError, match=f"Qualys cannot be asked: {sentence}"):
        run(bodies)
