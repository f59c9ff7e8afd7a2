"""Which requests the servers of the sandbox take: those of programs on this machine.

A web page may send requests to a loopback port, by a name that its owner resolves to 127.0.0.1. Its
browser then says so, in one of these headers.
"""

from collections.abc import Mapping

_HOSTS = ("127.0.0.1", "localhost")


def refusal(headers: Mapping[str, str]) -> str:
    """Returns why a request is refused; empty if it is not. Names of headers are lower case."""
    host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
    if host not in _HOSTS:
        return f"the sandbox answers as {' or '.join(_HOSTS)} alone\n"
    if "origin" in headers or "sec-fetch-site" in headers:
        return "the sandbox answers no web page\n"
    return ""
