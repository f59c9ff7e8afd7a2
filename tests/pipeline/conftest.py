"""Every test has the functions' environment."""

import pytest


@pytest.fixture(autouse=True)
def _as_deployed(environment: pytest.MonkeyPatch) -> None:
    """As the modules set it."""
