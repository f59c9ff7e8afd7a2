"""The functions in this process, as Lambda runs them: by name, each in execution environments.

An environment runs one invocation at a time, keeps what its function keeps between invocations, and
is used again. As many come to be as invocations of a function were at work at once.
"""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
import threading
import types
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import image_scan
from image_scan.aws import clients
from image_scan.errors import ScanError
from image_scan.qualys import connect
from tests.support.machine import TaskFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from tests.support.fake_ecr import FakeEcr
    from tests.support.virtual_time import VirtualTime

_LARGEST_CAUSE = 32_768  # characters of a cause that Step Functions keeps


class FunctionTimedOut(BaseException):
    """The invocation slept for longer than it may last: nothing of it runs on."""


@dataclass
class Environment:
    """`client` is the signed-in client that its function keeps, once it has one."""

    client: Any = None
    remaining: float = 0.0


@dataclass
class Lambda:
    """Invokes handlers by the name of their module; time passes in `virtual_time` alone.

    `environments` counts those of each function, `crashes` keeps what the package did not raise on
    purpose, `timed_out` names the functions that were ended.
    """

    virtual_time: VirtualTime
    _idle: dict[str, list[Environment]] = field(default_factory=lambda: defaultdict(list))
    _current: threading.local = field(default_factory=threading.local)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    environments: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    crashes: list[Exception] = field(default_factory=list)
    timed_out: list[str] = field(default_factory=list)

    def invoke(self, function: str, payload: Any, seconds: float = 60) -> Any:
        """The answer as JSON. Raises TaskFailed as the integration of Step Functions gives it."""
        handler = importlib.import_module(f"image_scan.handlers.{function}").handler
        environment = self._take(function)
        environment.remaining = seconds
        self._current.environment = environment
        self._current.function = function
        try:
            context = types.SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)
            answer = handler(json.loads(json.dumps(payload)), context)
        except FunctionTimedOut:
            self.environments[function] -= 1
            self.timed_out.append(function)
            raise TaskFailed("States.Timeout", "") from None
        except Exception as error:
            self._put_back(function, environment)
            if not isinstance(error, ScanError):
                self.crashes.append(error)
            raise _failure(error) from error
        finally:
            self._current.function = ""
        self._put_back(function, environment)
        try:
            return json.loads(json.dumps(answer, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise TaskFailed("Runtime.MarshalError", str(error)) from error

    @property
    def current(self) -> str:
        """The function that runs in this thread; empty where none does."""
        return getattr(self._current, "function", "")

    def client(self) -> Any:
        """What `subscription.client` gives inside an invocation."""
        environment = self._current.environment
        if environment.client is None:
            environment.client = subscription_client()
        return environment.client

    def sleep(self, seconds: float) -> None:
        """What `time.sleep` does inside an invocation."""
        environment = self._current.environment
        slept = min(seconds, environment.remaining)
        environment.remaining -= slept
        self.virtual_time.sleep(slept)
        if slept < seconds:
            raise FunctionTimedOut

    def forget(self) -> None:
        """All environments end, as on a deployment or after hours without a call."""
        self._idle.clear()
        self.environments.clear()

    def _take(self, function: str) -> Environment:
        with self._lock:
            if self._idle[function]:
                return self._idle[function].pop()
            self.environments[function] += 1
            return Environment()

    def _put_back(self, function: str, environment: Environment) -> None:
        with self._lock:
            self._idle[function].append(environment)


subscription_client = connect.client.__wrapped__  # without its own memory
_lock = threading.Lock()  # boto3 makes clients for one thread at a time
_make_client = functools.cache(clients.client.__wrapped__)


def aws_client(service: str, region: str | None = None) -> Any:
    """Those of the functions, made once for all tests: they are slow to make, and hold no state."""
    with _lock:
        return _make_client(service, region)


def _failure(error: Exception) -> TaskFailed:
    stated = {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": "00000000-0000-0000-0000-000000000000",
        "stackTrace": [],
    }
    return TaskFailed(type(error).__name__, json.dumps(stated)[:_LARGEST_CAUSE])


def install(functions: Lambda, ecr: FakeEcr, patch: pytest.MonkeyPatch) -> None:
    """Puts the package into this world: its time, its clients, and its ECR."""

    def client(service: str, region: str | None = None) -> Any:
        return ecr.in_region(region) if service == "ecr" else aws_client(service, region)

    patch.setattr(clients, "client", client)
    patch.setattr(connect, "client", functions.client)
    _replace_time(functions, patch)


def _replace_time(functions: Lambda, patch: pytest.MonkeyPatch) -> None:
    """In modules, and in the defaults of parameters, which are bound when a module is read."""
    import time  # noqa: PLC0415 - its own functions, before anything replaces them

    now, sleep = functions.virtual_time.time, functions.sleep
    ours = types.SimpleNamespace(time=now, monotonic=now, sleep=sleep)
    replaced = {id(time.time): now, id(time.monotonic): now, id(time.sleep): sleep}
    for module in _modules():
        if getattr(module, "time", None) is time:
            patch.setattr(module, "time", ours)
        for function in _functions(module):
            if function.__defaults__:
                values = tuple(replaced.get(id(each), each) for each in function.__defaults__)
                patch.setattr(function, "__defaults__", values)


def _modules() -> Iterator[types.ModuleType]:
    for found in pkgutil.walk_packages(image_scan.__path__, "image_scan."):
        yield importlib.import_module(found.name)


def _functions(module: types.ModuleType) -> Iterator[types.FunctionType]:
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, types.FunctionType):
            yield value
        elif isinstance(value, type):
            inside = vars(value).values()
            yield from (each for each in inside if isinstance(each, types.FunctionType))
