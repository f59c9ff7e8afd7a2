"""A test that leaves something for later tests of its process fails."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

import pytest
import structlog

from image_scan.aws import clients
from tests.support.leftovers import nothing_is_left

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOGGER = logging.getLogger("left-behind")
HANDLER = logging.NullHandler()
# What is changed, and what takes it back.
CHANGES: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "$LEFT": (lambda: os.environ.update(LEFT="1"), lambda: os.environ.pop("LEFT")),
    "SIGALRM": (
        lambda: signal.signal(signal.SIGALRM, signal.SIG_IGN),
        lambda: signal.signal(signal.SIGALRM, signal.SIG_DFL),
    ),
    "umask": (lambda: os.umask(0o077), lambda: os.umask(0o022)),
    "sys.path": (lambda: sys.path.append("/left"), lambda: sys.path.remove("/left")),
    "level of left-behind": (lambda: LOGGER.setLevel(50), lambda: LOGGER.setLevel(0)),
    "root logger": (
        lambda: logging.root.addHandler(HANDLER),
        lambda: logging.root.removeHandler(HANDLER),
    ),
    "logging.disable": (lambda: logging.disable(50), lambda: logging.disable(0)),
    "timeout of sockets": (
        lambda: socket.setdefaulttimeout(9),
        lambda: socket.setdefaulttimeout(None),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_left_is_named(name: str) -> None:
    change, take_back = CHANGES[name]
    mask = os.umask(0o022)
    try:
        with pytest.raises(AssertionError, match=name.replace("$", r"\$")), nothing_is_left():
            change()
    finally:
        take_back()
        os.umask(mask)


def test_another_folder_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="working folder"), nothing_is_left():
        monkeypatch.chdir(tmp_path)


def test_a_replaced_function_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match=r"time\.sleep"), nothing_is_left():
        monkeypatch.setattr(time, "sleep", print)


def test_what_is_restored_is_not_left() -> None:
    with nothing_is_left(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEFT", "1")
        patch.setattr(time, "sleep", print)


def test_what_functions_set_is_reset() -> None:
    with nothing_is_left():
        structlog.configure(processors=[])
        clients.client("sqs")
    assert not structlog.is_configured()
    assert vars(clients)["client"].cache_info().currsize == 0
