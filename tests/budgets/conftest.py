"""Fixtures of what is counted: cold starts, memory, calls, many workloads."""

from pathlib import Path

import pytest

from tests.bench import cold_start


@pytest.fixture(autouse=True)
def _as_deployed(environment: pytest.MonkeyPatch) -> None:
    """Every test has the functions' environment."""


@pytest.fixture(scope="session")
def zip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions' zip, built once for all that look at it."""
    return cold_start.package(tmp_path_factory.mktemp("zip"))
