"""What a newcomer mistypes: one sentence that says what to give, and the status of wrong use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    TokenRetrievalError,
)

from ops.__main__ import main
from tests.support.builders import client_error

if TYPE_CHECKING:
    from collections.abc import Callable

WHICH = "Give one of IMAGE, REPOSITORY, QID and CVE: "
WRONG = [
    ("scan", {}, "No image is given: IMAGE=<account>.dkr.ecr."),
    ("scan", {"IMAGE": "http://x"}, "IMAGE=http://x is a URL: leave out http://."),
    ("scan", {"IMAGE": "http://x y"}, "IMAGE has a space in it: 'http://x y'."),
    ("scan", {"IMAGE": "@@@"}, "IMAGE=@@@ is not a valid image reference: "),
    ("scan", {"IMAGE": "a:1", "PLATFORM": "arm64"}, "PLATFORM=arm64 is not known: "),
    ("smoke", {"IMAGE": "https://x/a:1"}, "IMAGE=https://x/a:1 is a URL: leave out https://."),
    ("smoke", {"IMAGE": "a:1", "WAIT_MINUTES": "soon"}, "WAIT_MINUTES=soon is no number of"),
    ("admit", {}, "No image is given: IMAGE=<account>.dkr.ecr."),
    ("where", {}, "Name what to look for: IMAGE=<uri, digest or repository:tag>, REPOSITORY="),
    ("where", {"IMAGE": "http://x y"}, "IMAGE has a space in it: 'http://x y'."),
    ("where", {"IMAGE": "sha256:abc"}, "IMAGE=sha256:abc is no digest: it is sha256: and 64 hexad"),
    ("where", {"CVE": "CVE-20-1"}, "CVE=CVE-20-1 is not one CVE: write it as CVE-2022-3602."),
    ("where", {"CVE": "CVE-2022-3602,CVE-2022-3786"}, "CVE=CVE-2022-3602,CVE-2022-3786 is not one"),
    ("where", {"QID": "abc"}, "QID=abc is not one QID: it is a number, such as 376574."),
    ("where", {"QID": "1", "CVE": "CVE-2022-3602"}, f"{WHICH}QID and CVE are given."),
    ("where", {"IMAGE": "a:1", "CVE": "CVE-2022-3602"}, f"{WHICH}IMAGE and CVE are given."),
    ("in-use", {"REPOSITORY": "shop/app:1"}, "REPOSITORY=shop/app:1 is no repository: it is a na"),
    ("in-use", {"ACCOUNT": "1111-2222"}, "ACCOUNT=1111-2222 is no account: it has 12 digits."),
    ("forget", {}, "ACCOUNT= is no account: it has 12 digits."),
    ("forget", {"ACCOUNT": "prod"}, "ACCOUNT=prod is no account: it has 12 digits."),
    ("in-use", {"DAYS": "31"}, "DAYS=31 is no number of days from 0 to 30."),
    ("in-use", {"DAYS": "-1"}, "DAYS=-1 is no number of days from 0 to 30."),
    ("in-use", {"FORMAT": "xml"}, "FORMAT=xml is not known: it is one of text, digests, csv, cyc"),
    (
        "in-use",
        {"FORMAT": "digests", "REPOSITORY": "shop/app"},
        "FORMAT=digests takes no REPOSITORY=: a digest in use must stay wherever it lies.",
    ),
    (
        "in-use",
        {"FORMAT": "digests", "REPOSITORY": "shop/app", "ACCOUNT": "111122223333"},
        "FORMAT=digests takes no REPOSITORY= and no ACCOUNT=: a digest in use must stay wherev",
    ),
    ("in-use", {"OUT": "a.txt"}, "OUT=a.txt needs FORMAT=digests, csv or cyclonedx."),
    ("where", {"REPOSITORY": "shop/app:1"}, "REPOSITORY=shop/app:1 is no repository: it is a name"),
    ("logs", {"SINCE": "yesterday"}, "SINCE=yesterday is no duration: write it as 30s, 15m, 1h"),
    ("gate", {"SINCE": "1w"}, "SINCE=1w is no duration: write it as 30s, 15m, 1h or 2d."),
]
AWAY = [
    (NoCredentialsError(), 2, "No AWS credentials are found: set AWS_PROFILE, or log in."),
    (
        TokenRetrievalError(provider="sso", error_msg="expired"),
        2,
        "The login at AWS is not valid: log in again. ",
    ),
    (
        client_error("ExpiredToken", message="no", operation="GetCallerIdentity"),
        2,
        "AWS does not accept your credentials (ExpiredToken): set AWS_PROFILE, or log in again.",
    ),
    (
        client_error("AccessDenied", message="no", operation="GetCallerIdentity"),
        3,
        "AWS refused GetCallerIdentity: AccessDenied: no",
    ),
    (
        EndpointConnectionError(endpoint_url="https://sts"),
        3,
        'AWS cannot be reached: Could not connect to the endpoint URL: "https://sts". Check the',
    ),
]
# Every command that asks AWS for the installation, with what it needs before that.
ASKING = {
    "doctor": {},
    "status": {},
    "logs": {},
    "scan": {"IMAGE": "a:1"},
    "smoke": {"IMAGE": "a:1"},
    "where": {"IMAGE": "a:1"},
    "gate": {},
    "admit": {"IMAGE": "a:1"},
    "coverage": {},
    "backfill": {},
    "in-use": {},
    "forget": {"ACCOUNT": "111122223333"},
    "report": {},
    "redrive": {},
}


@pytest.fixture
def refused(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a command as text and as JSON, which say the same. Returns the sentence."""

    def run(command: str, status: int = 2, **settings: str) -> str:
        for name, value in settings.items():
            environment.setenv(name, value)
        assert main([command]) == status
        shown = capsys.readouterr()
        assert shown.out == ""
        assert main([command, "--json"]) == status
        as_json = capsys.readouterr()
        assert json.loads(as_json.out) == {"error": shown.err.rstrip("\n"), "status": status}
        assert as_json.err == shown.err
        assert shown.err.count("\n") == 1
        return shown.err

    return run


@pytest.mark.parametrize(("command", "settings", "sentence"), WRONG)
def test_what_is_mistyped_is_one_sentence(
    refused: Callable[..., str], command: str, settings: dict[str, str], sentence: str
) -> None:
    assert refused(command, **settings).startswith(sentence)


@pytest.mark.parametrize("command", ASKING)
def test_without_a_region(
    refused: Callable[..., str], environment: pytest.MonkeyPatch, command: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "REGION"):
        environment.delenv(name, raising=False)
    environment.setenv("AWS_CONFIG_FILE", "/dev/null")
    said = refused(command, **ASKING[command])
    assert said == "No region is given: set AWS_REGION.\n"


@pytest.mark.parametrize("command", ASKING)
def test_an_unknown_profile(refused: Callable[..., str], command: str) -> None:
    said = refused(command, AWS_PROFILE="nobody", AWS_CONFIG_FILE="/dev/null", **ASKING[command])
    assert said.startswith("There is no AWS profile nobody: set AWS_PROFILE to one that `aws ")


@pytest.mark.parametrize(("error", "status", "sentence"), AWAY)
@pytest.mark.parametrize("command", ASKING)
def test_why_aws_cannot_be_asked(
    refused: Callable[..., str],
    environment: pytest.MonkeyPatch,
    command: str,
    error: ClientError,
    status: int,
    sentence: str,
) -> None:
    class Sts:
        def get_caller_identity(self) -> None:
            raise error

    environment.setattr(boto3.session.Session, "client", lambda *_, **__: Sts())
    said = refused(command, status, REGION="us-east-1", **ASKING[command])
    assert said.startswith(sentence)
