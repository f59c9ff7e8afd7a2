"""API rate limits per path family and subscription ("API Rate Limiting" of the CSAPI guide).

The window counts from each call: a call is refused while the last `seconds` hold `calls` others.
Only three headers are documented; neither `Retry-After` nor a time to wait is among them.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from sandbox.qualys.answers import Refusal


class RateLimits:
    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = {}

    def take(self, path: str, limits: Mapping[str, Sequence[int]], now: float) -> dict[str, str]:
        """Counts a call and returns the headers of its answer. Raises Refusal 429."""
        families = [prefix for prefix in limits if (path + "/").startswith(prefix + "/")]
        if not families:
            return {}
        family = max(families, key=len)
        allowed, seconds = limits[family]
        calls = self._calls.setdefault(family, deque())
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        if len(calls) >= allowed:
            raise Refusal(429, "Too Many Requests", _headers(allowed, seconds, 0))
        calls.append(now)
        return _headers(allowed, seconds, allowed - len(calls))


def _headers(allowed: int, seconds: int, remaining: int) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(allowed),
        "X-RateLimit-Window-Sec": str(seconds),
        "X-RateLimit-Remaining": str(remaining),
    }
