"""A forward proxy that opens tunnels for whoever knows its password."""

from __future__ import annotations

import base64
import selectors
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class PasswordProxy:
    """The proxy at `url`. `opened` and `refused` count the tunnels asked for."""

    def __init__(self, user: str, password: str) -> None:
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.wanted = f"Basic {login}"
        self.opened = self.refused = 0
        self.url = ""


@contextmanager
def password_proxy(user: str, password: str) -> Iterator[PasswordProxy]:
    """A proxy on 127.0.0.1, from `with` to its end."""
    proxy = PasswordProxy(user, password)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy)) as server:
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def _handler(proxy: PasswordProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            if self.headers.get("Proxy-Authorization") != proxy.wanted:
                proxy.refused += 1
                self.send_response(407, "Proxy Authentication Required")
                self.send_header("Proxy-Authenticate", 'Basic realm="test"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            host, _, port = self.path.rpartition(":")
            with socket.create_connection((host, int(port))) as target:
                proxy.opened += 1
                self.send_response(200, "Connection Established")
                self.end_headers()
                _join(self.connection, target)
            self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    return Handler


def _join(one: socket.socket, other: socket.socket) -> None:
    """Passes bytes on in both directions until one side ends."""
    with selectors.DefaultSelector() as ready:
        ready.register(one, selectors.EVENT_READ, other)
        ready.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in ready.select():
                try:
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                except ConnectionError:
                    return
                if not data:
                    return
                key.data.sendall(data)
