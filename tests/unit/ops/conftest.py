from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.deploying import Clone

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(
    cloud: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Clone:
    """A clone of the repository, in an account of moto."""
    return Clone(tmp_path, monkeypatch, capsys)
