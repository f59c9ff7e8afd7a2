"""Workers as forks of `lambda_mother`, with as much of `subprocess.Popen` as ministack uses."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

CAN_FORK = hasattr(os, "pidfd_open")  # Linux
_MOTHER = Path(__file__).parent / "lambda_mother.py"
# What each environment has of its own.
_OF_ITS_OWN = ("AWS_LAMBDA_LOG_STREAM_NAME", "LAMBDA_TASK_ROOT")


class Forked:
    """A running worker and our ends of its standard files."""

    def __init__(self, pid: int, stdin: TextIO, stdout: TextIO, stderr: TextIO) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        try:
            self._process = os.pidfd_open(pid)
        except ProcessLookupError:  # it has ended already
            self._process = -1

    def __del__(self) -> None:
        if self._process >= 0:
            os.close(self._process)

    def poll(self) -> int | None:
        return 0 if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended(timeout):
            raise subprocess.TimeoutExpired("a worker", timeout or 0)
        return 0

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> bool:
        if self._process < 0:
            return True
        waited = select.poll()
        waited.register(self._process, select.POLLIN)
        return bool(waited.poll(None if timeout is None else timeout * 1000))

    def _send(self, number: int) -> None:
        if not self._ended(0):
            signal.pidfd_send_signal(self._process, number)


class Mother:
    """A process that forks; it ends with this one, or when it is forgotten: its socket closes."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._lock = threading.Lock()

    def worker(self, script: str, cwd: str, environment: Mapping[str, str]) -> Forked:
        """Raises ConnectionError when this mother is dead."""
        ours, theirs = [], []
        for mode in ("w", "r", "r"):
            read, write = os.pipe()
            own, other = (write, read) if mode == "w" else (read, write)
            ours.append(os.fdopen(own, mode, buffering=1, encoding="utf-8"))
            theirs.append(other)
        message = {"script": script, "cwd": cwd, "environment": dict(environment)}
        try:
            pid = self._ask(message, theirs)
        finally:
            for file in theirs:
                os.close(file)
        return Forked(pid, *ours)

    def daughter(self, module: str, cwd: str, environment: Mapping[str, str]) -> "Mother":
        requests, theirs = _sockets()
        with theirs:
            message = {"module": module, "cwd": cwd, "environment": dict(environment)}
            self._ask(message, [theirs.fileno()])
        return Mother(requests)

    def _ask(self, message: object, files: list[int]) -> int:
        with self._lock:
            socket.send_fds(self._requests, [json.dumps(message).encode()], files)
            answer = self._requests.recv(64)
        if not answer:
            raise ConnectionResetError
        return int(answer)


class Mothers:
    """The one that has read the SDK, begun with the first worker, and its daughters: one for each
    code and configuration."""

    def __init__(self, runtime: Callable[[], Path]) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._first: Mother | None = None
        self._prepared: dict[str, Mother] = {}

    def fork(self, script: str, cwd: str, environment: Mapping[str, str]) -> Forked:
        with self._lock:
            self._first = first = self._first or self._begin()
        if "_LAMBDA_LAYERS_DIRS" not in environment:  # these are unpacked for each worker
            with contextlib.suppress(ConnectionError):  # the module failed: its worker says why
                return self._daughter(first, cwd, environment).worker(script, cwd, environment)
        return first.worker(script, cwd, environment)

    def _daughter(self, first: Mother, cwd: str, environment: Mapping[str, str]) -> Mother:
        code = str(Path(cwd).resolve())  # what environments of the same zip share
        shared = {name: value for name, value in environment.items() if name not in _OF_ITS_OWN}
        key = json.dumps([code, shared], sort_keys=True)
        with self._lock:
            if key not in self._prepared:
                module = environment["_HANDLER"].rsplit(".", 1)[0].replace("/", ".")
                self._prepared[key] = first.daughter(module, code, shared)
            return self._prepared[key]

    def _begin(self) -> Mother:
        requests, theirs = _sockets()
        with theirs:
            subprocess.Popen(
                [sys.executable, "-I", "-S", str(_MOTHER), str(self._runtime())],
                stdin=theirs.fileno(),
                env={},
            )
        return Mother(requests)


def _sockets() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
