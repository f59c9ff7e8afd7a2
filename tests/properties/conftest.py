"""The functions' environment for the properties, and the account of what they tried."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from tests.properties import journal, profile
from tests.support.builders import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="module")
def environment() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(processors=[journal.keep])
    # It warns of each odd header that it is given.
    urllib3 = logging.getLogger("urllib3")
    level = urllib3.level
    urllib3.setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAME_PREFIX", "fuzz")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        yield
    urllib3.setLevel(level)
    structlog.configure(**before)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A property that was run without an example is a failure, not a success."""
    if session.config.option.collectonly:
        return
    names = {item.name for item in session.items} & set(profile.tried)
    if path := os.environ.get(profile.ACCOUNT):
        Path(path).write_text(json.dumps({name: profile.tried[name] for name in sorted(names)}))
    if session.exitstatus == 0 and not all(profile.tried[name] for name in names):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
