"""API rate limits per path family and subscription ("API Rate Limiting" of the CSAPI guide).

The window counts from each call: a call is refused while the last `seconds` hold `calls` others.
Only three headers are documented; neither `Retry-After` nor a time to wait is among them.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.qualys.answers import Refusal


class RateLimits:
    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = {}

    def take(
        self, path: str, limits: Mapping[str, Sequence[int]], now: float, status: int
    ) -> dict[str, str]:
        """Counts a call and returns the headers of its answer. Raises Refusal of the status."""
        families = [prefix for prefix in limits if (path + "/").startswith(prefix + "/")]
        if not families:
            return {}
        family = max(families, key=len)
        allowed, seconds = limits[family]
        calls = self._calls.setdefault(family, deque())
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        if len(calls) >= allowed:
            raise Refusal(status, "Too Many Requests", _headers(allowed, seconds, 0))
        calls.append(now)
        return _headers(allowed, seconds, allowed - len(calls))


@dataclass
class LimitAnswer:
    """What an answer over a limit was ever documented or seen to say; None is left out.

    No `window` leaves out all three headers of CSAPI. `retry_after` was seen in use; `to_wait` and
    `concurrency`, the limit and how many run, are of the classic API.
    """

    window: int | None = 1
    remaining: int = 0
    limit: int = 1000
    retry_after: int | str | None = None
    to_wait: int | None = None
    concurrency: tuple[int, int] | None = None
    letters: Literal["documented", "lower", "upper"] = "documented"

    def headers(self) -> dict[str, str]:
        given = {"Retry-After": self.retry_after, "X-RateLimit-ToWait-Sec": self.to_wait}
        if self.concurrency:
            given["X-Concurrency-Limit-Limit"] = self.concurrency[0]
            given["X-Concurrency-Limit-Running"] = self.concurrency[1]
        found = {} if self.window is None else _headers(self.limit, self.window, self.remaining)
        found |= {name: str(value) for name, value in given.items() if value is not None}
        if self.letters == "documented":
            return found
        upper = self.letters == "upper"
        return {name.upper() if upper else name.lower(): value for name, value in found.items()}


def _headers(allowed: int, seconds: int, remaining: int) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(allowed),
        "X-RateLimit-Window-Sec": str(seconds),
        "X-RateLimit-Remaining": str(remaining),
    }
