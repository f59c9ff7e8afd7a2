"""Every test has the functions' environment."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def _as_deployed(environment: pytest.MonkeyPatch) -> None:
    """As the modules set it. An earlier test of this worker may have sent log lines elsewhere."""
    structlog.reset_defaults()
