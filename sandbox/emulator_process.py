"""The emulator's process: it listens on 127.0.0.1 only, and keeps everything it writes in a
temporary folder that goes with it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox import root_key

REPOSITORY = Path(__file__).resolve().parents[1]
START_SECONDS = 60
# Another process may take a free port a moment later.
START_ATTEMPTS = 3
STOP_SECONDS = 5


class SandboxError(Exception):
    """The sandbox cannot run; the message says what to do."""


def emulator_python() -> Path:
    """The interpreter of the emulator's own environment: $SANDBOX_PYTHON, else .sandbox/venv."""
    given = os.environ.get("SANDBOX_PYTHON")
    python = Path(given) if given else REPOSITORY / ".sandbox/venv/bin/python"
    if not python.exists():
        raise SandboxError(f"no emulator at {python}: run `make setup` first")
    return python


class EmulatorProcess:
    """A context manager; or call `start` and `stop`.

    wait_scale     what a second of a Step Functions wait or retry takes: 0 is nothing, 1 real time
    concurrency    Lambda executions that may run at a time
    lambda_retry   seconds before Lambda repeats a failed asynchronous invocation (AWS: a minute)
    state          a folder to begin from, and where `keep` writes to; none by default
    """

    def __init__(
        self,
        *,
        wait_scale: float = 0.0,
        concurrency: int = 10,
        lambda_retry: float = 0.2,
        state: Path | None = None,
    ) -> None:
        self._wait_scale = wait_scale
        self._concurrency = concurrency
        self._lambda_retry = lambda_retry
        self._state = state
        self._process: subprocess.Popen[bytes] | None = None
        self.home = Path()
        self.port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def log(self) -> Path:
        """The emulator's log; `stop` removes it."""
        return self.home / "emulator.log"

    def start(self) -> None:
        """Starts the emulator. Returns when it answers."""
        python = emulator_python()
        for _ in range(START_ATTEMPTS):
            self.home = Path(tempfile.mkdtemp(prefix="image-scan-sandbox-"))
            try:
                self._launch(python)
                if self._is_ready():
                    return
                log = self.log.read_text(errors="replace")[-2000:].strip()
            except BaseException:
                self.stop()
                raise
            self.stop()
        raise SandboxError(f"the embedded AWS did not start:\n{log}")

    def _launch(self, python: Path) -> None:
        (self.home / "tmp").mkdir()
        self.port = _free_port()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-m", "sandbox.emulator"],
                cwd=self.home,
                env=self._emulator_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _emulator_environment(self) -> dict[str, str]:
        """Variables without the caller's credentials, proxy and Python settings."""
        held = {"PERSIST_STATE": "1", "STATE_DIR": str(self._state)} if self._state else {}
        without = os.environ.get("SANDBOX_WITHOUT")  # the names of patches, see emulator/patches.py
        return (
            held
            | ({"SANDBOX_WITHOUT": without} if without else {})
            | {
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(self.home),
                "TMPDIR": str(self.home / "tmp"),
                "PYTHONPATH": str(REPOSITORY),
                "PYTHONUNBUFFERED": "1",
                "AUTH": "true",
                root_key.VARIABLE: root_key.SECRET,
                "BIND_HOST": "127.0.0.1",
                "MINISTACK_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(self.port),
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                "LAMBDA_ACCOUNT_CONCURRENCY": str(self._concurrency),
                "LAMBDA_ASYNC_RETRY_BASE_SECONDS": str(self._lambda_retry),
                "SFN_WAIT_SCALE": str(self._wait_scale),
            }
        )

    def _is_ready(self) -> bool:
        """Waits for an answer of this process. False if it ended, or if another process answers."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                return False
            with contextlib.suppress(OSError, SandboxError):
                return bool(self.ask("/_sandbox/process")["pid"] == self._process.pid)
            time.sleep(0.05)
        return False

    def stop(self) -> None:
        """End the emulator and its Lambda workers, and remove all they left."""
        if self._process:
            # The workers share the emulator's session, which is this process's own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                deadline = time.monotonic() + STOP_SECONDS
                while time.monotonic() < deadline:
                    os.killpg(self._process.pid, 0)  # until nobody is left
                    time.sleep(0.01)
            self._process = None
        if self.home != Path():
            shutil.rmtree(self.home, ignore_errors=True)

    def keep(self) -> None:
        """Writes all that is in the account to the folder `state`."""
        self.ask("/_sandbox/stored")

    def ask(self, path: str, body: Any = None) -> Any:
        """Returns the JSON of one of the emulator's own paths, which are not part of AWS."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint + path, data)  # noqa: S310 - loopback
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            log = self.log.read_text(errors="replace")[-6000:].strip()
            raise SandboxError(f"the embedded AWS answers {path} with {error}:\n{log}") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
