from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

from tests.support.deploying import Clone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command may send the lines of the functions' code elsewhere."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def clone(
    cloud: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Clone:
    """A clone of the repository, in an account of moto."""
    return Clone(tmp_path, monkeypatch, capsys)
