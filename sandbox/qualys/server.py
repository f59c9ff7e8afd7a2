"""The simulator as a server in a thread of the caller's process."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.qualys.application import make_application
from sandbox.qualys.auth import Accounts
from sandbox.qualys.clock import Clock
from sandbox.qualys.control import SimulatorControl
from sandbox.qualys.front import Front
from sandbox.qualys.image_source import HeldImages, ImageSource
from sandbox.qualys.scenario_file import read_file
from sandbox.qualys.sensor import Sensor
from sandbox.qualys.world import World

_POLL_SECONDS = 0.01  # how soon the server notices that it shall stop


@dataclass(frozen=True)
class Credentials:
    """Who may call: access tokens, users with their passwords, OIDC clients with their secrets."""

    tokens: tuple[str, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    clients: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tls:
    """Files in PEM: a certificate for 127.0.0.1 with its key, and the authority that issued it."""

    certificate: Path
    key: Path
    authority: Path


class QualysSimulator:
    """A Qualys gateway on 127.0.0.1, from `with` to its end. With `tls` its URL is https.

    Images are pulled from `image_source`; without one there is an empty `HeldImages` to push to.
    `scenario` holds values to start from and to come back to on reset, as does `scenario_file` (see
    `sandbox.qualys.scenario_file`). Raises ValueError if one of them does not fit.
    """

    def __init__(
        self,
        credentials: Credentials,
        image_source: ImageSource | None = None,
        *,
        scenario: Mapping[str, Any] | None = None,
        scenario_file: str | Path | None = None,
        clock: Clock | None = None,
        port: int = 0,
        tls: Tls | None = None,
    ) -> None:
        given = [] if scenario_file is None else [read_file(scenario_file)]
        given.append({"scenario": dict(scenario or {})})
        accounts = Accounts(
            set(credentials.tokens), dict(credentials.users), dict(credentials.clients)
        )
        self.image_source: ImageSource = HeldImages() if image_source is None else image_source
        self.clock = clock or Clock()
        self.world = World(accounts, self.clock, given)
        self._sensor = Sensor(self.world, self.image_source)
        app = Front(make_application(self.world, self._sensor), self.world)
        files = (str(tls.certificate), str(tls.key)) if tls else None
        self._server = make_server(
            "127.0.0.1", port, app, True, request_handler=_Quiet, ssl_context=files
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True
        )
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        self.control = SimulatorControl(self.url, tls.authority if tls else None)

    def __enter__(self) -> Self:
        self._sensor.start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._sensor.stop()


class _Quiet(WSGIRequestHandler):
    """Names the vendor's server, and logs no request: the call log does, without secrets."""

    def version_string(self) -> str:
        return "Qualys"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass
