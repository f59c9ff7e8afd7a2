"""A simulator per test, whose clock stands still until the test moves it.

Tests move it a little further than a phase lasts: sums of fractions are not exact.
"""

from collections.abc import Iterator

import pytest

from sandbox.qualys import Clock, Credentials, QualysSimulator
from tests.sandbox.qualys.caller import TOKEN, Caller

CREDENTIALS = Credentials((TOKEN,), {"robot": "secret"}, {"client": "client-secret"})


@pytest.fixture
def simulator() -> Iterator[QualysSimulator]:
    with QualysSimulator(CREDENTIALS, clock=Clock(frozen=True)) as running:
        yield running


@pytest.fixture
def caller(simulator: QualysSimulator) -> Caller:
    return Caller(simulator)
