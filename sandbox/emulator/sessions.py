"""Sessions of STS, opened by many threads at the same time."""

import time
from typing import Any

from ministack.services import sts

_EVERY_SECONDS = 60
_next = 0.0


def evict(_stock: Any) -> None:
    """Looks at a copy of the sessions once a minute; ministack looks at each opening.

    There it walks through a dict that other threads add to. Where that fails, an invocation fails,
    and with it all others of its function. An expired session is refused all the same.
    """
    global _next  # noqa: PLW0603 - the module is what there is one of
    now = time.time()
    if now < _next:
        return
    _next = now + _EVERY_SECONDS
    for key, session in list(sts._sessions.items()):
        if session.get("Expiration", now) < now:
            sts._sessions.pop(key, None)
