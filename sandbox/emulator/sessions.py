"""Sessions of STS, opened by many threads at the same time."""

import threading
import time
from typing import Any

Json = dict[str, Any]
_one = threading.Lock()
_EVERY_SECONDS = 60
_next = 0.0


def register(stock: Any, access_key: str, session: Json) -> None:
    """Opens one session at a time; ministack walks through a dict that other threads add to.

    Where that fails, an invocation fails, and with it all others of its function.
    """
    with _one:
        stock(access_key, session)


def evict(stock: Any) -> None:
    """Looks for expired sessions once a minute, for speed; ministack looks at each opening.

    An expired session is refused all the same.
    """
    global _next  # noqa: PLW0603 - the module is what there is one of
    if time.monotonic() >= _next:
        _next = time.monotonic() + _EVERY_SECONDS
        stock()
