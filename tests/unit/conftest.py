"""No test here starts a process or reaches a network."""

from __future__ import annotations

import socket
import subprocess
from typing import NoReturn

import pytest


def _refused(*args: object, **_: object) -> NoReturn:
    raise AssertionError(f"a unit test leaves its process: {args[1:]}")


@pytest.fixture(autouse=True)
def _as_deployed(environment: pytest.MonkeyPatch) -> None:
    """Every test has the functions' environment, and stays in its process."""
    environment.setattr(socket.socket, "connect", _refused)
    environment.setattr(subprocess.Popen, "__init__", _refused)
