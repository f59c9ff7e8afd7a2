"""Sessions of STS may be opened at the same time: ministack goes through the dict that another
thread adds to, and the invocation for which it does so fails, with all others of its function.

It looks for expired ones at each opening, which a run of thousands of executions is too long for.
"""

import threading
import time
from typing import Any

from ministack.services import sts

from sandbox.emulator.patching import around

Json = dict[str, Any]
_one = threading.Lock()
_EVERY_SECONDS = 60
_next = 0.0


@around(sts, "register_session")
def register(stock: Any, access_key: str, session: Json) -> None:
    with _one:
        stock(access_key, session)


@around(sts, "_evict_expired_sessions")
def evict(stock: Any) -> None:
    """An expired session is refused whether it is still there or not."""
    global _next  # noqa: PLW0603 - the module is what there is one of
    if time.monotonic() >= _next:
        _next = time.monotonic() + _EVERY_SECONDS
        stock()
