"""One embedded AWS for all tests here; each test has an account of its own."""

import itertools
from collections.abc import Iterator

import pytest

from sandbox.aws import Aws
from tests.sandbox.account import Account

_accounts = itertools.count(222222222200)


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    with Aws(wait_scale=0) as running:
        yield running


@pytest.fixture
def account(aws: Aws) -> Account:
    return Account(aws, str(next(_accounts)))
