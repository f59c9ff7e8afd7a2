"""Makes connections to the gateway: trusts certificates, and signs in at a proxy."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context

from image_scan.errors import (
    ConfigurationError,
    ProxyUnauthorized,
    QualysUnavailable,
    QualysUntrusted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from image_scan.errors import ScanError

    Login = tuple[str, str]

_REFUSED_BY_PROXY = "Tunnel connection failed: 407"


class Connection(HTTPAdapter):
    """An adapter for https.

    `ca_bundle` is PEM text: these certificates are trusted beside the public ones. `proxy_login`
    returns the user and password for a proxy, or None; it is asked before each request.
    Raises ConfigurationError where the bundle has no certificate that can be read.
    """

    def __init__(
        self, ca_bundle: str = "", proxy_login: Callable[[], Login | None] = lambda: None
    ) -> None:
        self._tls: dict[str, Any] = {"ssl_context": _context(ca_bundle)} if ca_bundle else {}
        self._proxy_login = proxy_login
        self._login: Login | None = None
        super().__init__()

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **options, **self._tls)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        if (login := self._proxy_login()) != self._login:
            self._login = login
            self.proxy_manager.clear()  # old connections used another login
        if self._tls:
            options |= {**self._tls, "proxy_ssl_context": self._tls["ssl_context"]}
        return super().proxy_manager_for(proxy, **options)

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        headers: dict[str, str] = super().proxy_headers(proxy)
        if self._login:
            text = base64.b64encode(":".join(self._login).encode()).decode()
            headers["Proxy-Authorization"] = f"Basic {text}"
        return headers


def _context(ca_bundle: str) -> ssl.SSLContext:
    context = create_urllib3_context()
    try:
        context.load_verify_locations(cadata=ca_bundle)  # requests adds the public ones
    except (ssl.SSLError, ValueError):
        raise ConfigurationError("the CA bundle has no certificate that can be read") from None
    return context


def failure(error: Exception, call: str) -> ScanError:
    """Converts the error of a call that has no answer. The message never quotes the request."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return QualysUntrusted(
                f"{call}: the certificate is not trusted ({cause.verify_message}). If a proxy "
                "inspects TLS, add its certificate authority to network.ca_bundle"
            )
        if _REFUSED_BY_PROXY in str(cause):
            return ProxyUnauthorized(
                f"{call}: the proxy refuses proxy_user and proxy_password of the secret, or the "
                "secret has none (HTTP 407)"
            )
    return QualysUnavailable(f"{call}: {type(error).__name__}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Returns an error and its causes, which requests and urllib3 wrap."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        wrapped = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        waiting += [cause for cause in wrapped if isinstance(cause, BaseException)]
