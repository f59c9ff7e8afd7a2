"""Every call that came in: exact counts per method and route, and a log without secrets.

Neither headers nor bodies are kept, and the query of CSAPI calls alone.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """`status` is None where the connection was dropped."""

    number: int
    at: float
    method: str
    route: str
    path: str
    query: str
    status: int | None


class Calls:
    def __init__(self) -> None:
        self._log: list[Call] = []

    def record(self, at: float, asked: tuple[str, str, str, str], status: int | None) -> None:
        """`asked` is method, route, path and query."""
        self._log.append(Call(len(self._log) + 1, at, *asked, status))

    def counts(self) -> dict[str, int]:
        return dict(Counter(f"{call.method} {call.route}" for call in self._log))

    def log(self) -> list[dict[str, Any]]:
        return [asdict(call) for call in self._log]

    def clear(self) -> None:
        self._log.clear()
