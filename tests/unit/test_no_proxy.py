"""The input takes a `no_proxy` that requests and boto3 heed, and no other."""

import re
from pathlib import Path

import pytest
from botocore.utils import should_bypass_proxies as botocore_bypasses
from requests.utils import should_bypass_proxies as requests_bypasses

URL = "https://secretsmanager.us-east-1.amazonaws.com/"
VARIABLES = (Path(__file__).parents[2] / "variables.tf").read_text()


def is_taken(no_proxy: str) -> bool:
    """By the validation of the input `network`."""
    (pattern,) = re.findall(r'can\(regex\("(.*)", trimspace\(entry\)\)\)', VARIABLES)
    return no_proxy == "*" or all(re.search(pattern, e.strip()) for e in no_proxy.split(","))


def is_heeded(monkeypatch: pytest.MonkeyPatch, no_proxy: str) -> bool:
    monkeypatch.setenv("NO_PROXY", no_proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    by_requests, by_botocore = requests_bypasses(URL, None), botocore_bypasses(URL)
    assert by_requests == by_botocore
    return bool(by_requests)


@pytest.mark.parametrize(
    "no_proxy",
    [
        "secretsmanager.us-east-1.amazonaws.com",
        "amazonaws.com",
        ".amazonaws.com",
        "169.254.169.254,.amazonaws.com",
        "internal, amazonaws.com,",
        "*",
    ],
)
def test_what_works_is_taken(monkeypatch: pytest.MonkeyPatch, no_proxy: str) -> None:
    assert is_taken(no_proxy)
    assert is_heeded(monkeypatch, no_proxy)


@pytest.mark.parametrize(
    "no_proxy",
    [
        "*.amazonaws.com",
        "*amazonaws.com",
        "secretsmanager.*.amazonaws.com",
        "amazonaws.com:443",
        "amazonaws.com.",
        "https://amazonaws.com",
        "internal;amazonaws.com",
        "internal amazonaws.com",
        "internal|amazonaws.com",
        "internal,*",
        "10.0.0.0/8",
        "[::1]",
    ],
)
def test_what_is_ignored_is_refused(monkeypatch: pytest.MonkeyPatch, no_proxy: str) -> None:
    assert not is_heeded(monkeypatch, no_proxy)
    assert not is_taken(no_proxy)
