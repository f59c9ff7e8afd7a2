"""A whole install per test: its own AWS account, its own Qualys, and one time for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.pipeline import Pipeline, installed, simulated
from tests.unit.conftest import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.qualys import QualysSimulator

__all__ = ["environment"]


@pytest.fixture(scope="session")
def simulator() -> Iterator[QualysSimulator]:
    with simulated() as running:
        yield running


@pytest.fixture
def pipeline(simulator: QualysSimulator, environment: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    with installed(simulator, environment) as made:
        yield made


@pytest.fixture
def settled(pipeline: Pipeline) -> Pipeline:
    """An install that has a registry from earlier scans, of other images."""
    pipeline.have_registry()
    return pipeline
