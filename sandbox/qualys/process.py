"""The simulator as a process of its own, for a caller that shall not share its interpreter.

Its settings are one line of JSON on standard input, so that no secret is in a list of processes;
it answers with one line that holds its URL, and ends with its standard input. Where the settings do
not fit, the line holds the error.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox import root_key
from sandbox.qualys.control import SimulatorControl
from sandbox.qualys.server import Credentials

_REPOSITORY = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 5


class QualysProcess:
    """`aws` is the endpoint of an emulated AWS to pull from; without one there are no images."""

    def __init__(
        self,
        credentials: Credentials,
        aws: str | None = None,
        *,
        scenario: Mapping[str, Any] | None = None,
        scenario_file: str | Path | None = None,
        port: int = 0,
    ) -> None:
        self._settings = {
            "credentials": {
                "tokens": list(credentials.tokens),
                "users": dict(credentials.users),
                "clients": dict(credentials.clients),
            },
            "aws": aws,
            "scenario": dict(scenario or {}),
            "scenario_file": None if scenario_file is None else str(Path(scenario_file).resolve()),
            "port": port,
        }

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.qualys"],
            cwd=_REPOSITORY,
            env={**os.environ, root_key.VARIABLE: root_key.SECRET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started = json.loads(self._say(json.dumps(self._settings)) or "{}")
        if "url" not in started:
            status, reason = self._process.wait(_STOP_SECONDS), started.get("error", "")
            raise RuntimeError(f"the simulator ended with {status} {reason}".rstrip())
        self.url = str(started["url"])
        self.pid = self._process.pid
        self.control = SimulatorControl(self.url)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _say(self, line: str) -> str:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the simulator has no pipes")
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()
