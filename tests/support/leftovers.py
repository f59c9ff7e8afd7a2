"""A test leaves its process as it was: others of the same worker begin where it ended."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from botocore.client import BaseClient
from requests import Session
from requests.adapters import HTTPAdapter

from image_scan import log
from image_scan.aws import clients, cross_account
from image_scan.qualys import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM)
_OF_PYTEST = "PYTEST_CURRENT_TEST"
# What tests replace, by owner.
_REPLACED: tuple[tuple[Any, str], ...] = (
    (BaseClient, "_make_api_call"),
    (HTTPAdapter, "send"),
    (Session, "request"),
    (clients, "client"),
    (connect, "client"),
    (socket.socket, "connect"),
    (subprocess.Popen, "__init__"),
    (time, "monotonic"),
    (time, "sleep"),
    (time, "time"),
)


def _process() -> dict[str, object]:
    """Returns what a test can change for all later ones, by a name for each."""
    mask = os.umask(0)
    os.umask(mask)
    handlers = [each for each in logging.root.handlers if "pytest" not in type(each).__module__]
    return {
        **{f"${name}": value for name, value in os.environ.items() if name != _OF_PYTEST},
        **{each.name: signal.getsignal(each) for each in _SIGNALS},
        **{f"{owner.__name__}.{name}": getattr(owner, name) for owner, name in _REPLACED},
        "working folder": os.getcwd(),  # noqa: PTH109 - it runs twice in each test
        "umask": mask,
        "sys.path": list(sys.path),
        "root logger": (logging.root.level, handlers, logging.root.disabled),
        "logging.disable": logging.root.manager.disable,
        "timeout of sockets": socket.getdefaulttimeout(),
        "temporary folder": tempfile.gettempdir(),
    }


def _levels() -> dict[str, int]:
    """Returns the level of each logger but those that functions limit, always in the same way."""
    return {
        f"level of {name}": logger.level
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
        and not (name in log._SILENT and logger.level == logging.WARNING)
    }


def _forget_clients() -> None:
    """Empties what the functions keep between invocations: it has the account of this test."""
    for each in (clients.client, connect.client, cross_account.accounts):
        each.cache_clear()
    clients._assumed.clear()
    clients._clients.clear()


@contextmanager
def nothing_is_left() -> Iterator[None]:
    """Fails where something was changed and not restored.

    What functions set in their process is reset: structlog's configuration, and their clients.
    """
    before, levels = _process(), _levels()
    structured = structlog.get_config() if structlog.is_configured() else None
    yield
    structlog.reset_defaults()
    if structured:
        structlog.configure(**structured)
    _forget_clients()
    after = _process()
    names = [each for each in before | after if before.get(each) != after.get(each)]
    left = [f"{each}: was {before.get(each)!r}, is {after.get(each)!r}" for each in names]
    # A logger that is new has the level that its library gave it.
    changed = {each: level for each, level in _levels().items() if levels.get(each, level) != level}
    left += [f"{each}: was {levels[each]}, is {level}" for each, level in changed.items()]
    assert not left, "left for later tests: " + "; ".join(left)


@pytest.fixture(autouse=True, scope="module")
def _module_leaves_nothing() -> Iterator[None]:
    with nothing_is_left():
        yield


@pytest.fixture(autouse=True)
def _test_leaves_nothing() -> Iterator[None]:
    with nothing_is_left():
        yield
