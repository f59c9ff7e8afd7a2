"""The front of the server: spoils calls as asked, and keeps the counts, around the application.

It stands outside the application, so that a fault can lose the answer of a call that was carried
out, close its connection, or cut its body short.
"""

import io
import socket
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from flask import Flask
from werkzeug.exceptions import ClientDisconnected, HTTPException
from werkzeug.wrappers import Request, Response

from sandbox import loopback
from sandbox.qualys.faults import Fault
from sandbox.qualys.subjects import is_about, names_of
from sandbox.qualys.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTROL = "/_control"


class Front:
    def __init__(self, app: Flask, world: World) -> None:
        self._app = app
        self._world = world

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environ)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if words := loopback.refusal(headers):
            return Response(words, status=403)(environ, start_response)
        if request.path.startswith(CONTROL):
            return self._app(environ, start_response)
        # Read before the lock is taken: a slow caller must not hold up the others.
        try:
            environ["wsgi.input"] = io.BytesIO(request.get_data())
        except ClientDisconnected:
            _close(environ)
        with self._world.lock:
            at = self._world.clock.now()
            about = self._about(request)
            fault = self._world.faults.of(
                request.method, request.path, lambda image: is_about(self._world, about, image)
            )
        if fault is None:
            answer: Response | None = self._carry_out(environ)
        else:
            answer = self._spoil(fault, environ)
        query = request.query_string.decode() if request.path.startswith("/csapi") else ""
        asked = (request.method, self._route(environ), request.path, query)
        with self._world.lock:
            status = None if answer is None else answer.status_code
            self._world.calls.record(at, asked, about, status)
        if answer is None:
            _close(environ)
        return answer(environ, start_response)

    def _carry_out(self, environ: "WSGIEnvironment") -> Response:
        with self._world.lock:
            return Response.from_app(self._app, environ, buffered=True)

    def _spoil(self, fault: Fault, environ: "WSGIEnvironment") -> Response | None:
        """Returns the spoiled answer; None means no answer at all."""
        answer = self._carry_out(environ) if fault.carried_out else None
        time.sleep(fault.delay)
        if fault.drop:
            return None
        if fault.status or answer is None:
            body = fault.body_bytes(self._world.clock.now())
            answer = Response(body, status=fault.status or 200)
            answer.content_type = "application/json;charset=UTF-8"
        answer.headers.update(fault.headers)
        data = answer.get_data()
        if fault.garble:
            answer.set_data(b"{" + data.rstrip()[:-1])
        if fault.truncate is not None:
            answer.set_data(data[: fault.truncate])
            answer.headers["Content-Length"] = str(max(len(data), fault.truncate + 1))
        return answer

    def _about(self, request: Request) -> set[str]:
        query = request.args.to_dict(flat=False)
        if not request.path.startswith("/csapi"):
            return set()
        return names_of(self._world, request.path, query, request.get_data())

    def _route(self, environ: "WSGIEnvironment") -> str:
        """The route as the documents write it, /images/{sha}; the plain path if there is none."""
        try:
            rule, _ = self._app.url_map.bind_to_environ(environ).match(return_rule=True)
        except HTTPException:
            return str(environ["PATH_INFO"])
        return rule.rule.replace("<", "{").replace(">", "}")


def _close(environ: "WSGIEnvironment") -> NoReturn:
    """Closes the connection under the caller; the server takes the error for a lost client."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("dropped on purpose")
