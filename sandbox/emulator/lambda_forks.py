"""Workers as forks of `lambda_mother`, with as much of `subprocess.Popen` as ministack uses."""

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
    """Begun with the first worker; ends with this process, when the socket closes."""

    def __init__(self, runtime: Callable[[], Path]) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._requests: socket.socket | None = None

    def fork(self, script: str, cwd: str, environment: Mapping[str, str]) -> Forked:
        message = {"script": script, "cwd": cwd, "environment": dict(environment)}
        ours, theirs = [], []
        for mode in ("w", "r", "r"):
            read, write = os.pipe()
            own, other = (write, read) if mode == "w" else (read, write)
            ours.append(os.fdopen(own, mode, buffering=1, encoding="utf-8"))
            theirs.append(other)
        with self._lock:
            requests = self._requests or self._begin()
            socket.send_fds(requests, [json.dumps(message).encode()], theirs)
            pid = int(requests.recv(64))
        for file in theirs:
            os.close(file)
        return Forked(pid, *ours)

    def _begin(self) -> socket.socket:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            subprocess.Popen(
                [sys.executable, "-I", "-S", str(_MOTHER), str(self._runtime())],
                stdin=theirs,
                env={},
            )
        return self._requests
