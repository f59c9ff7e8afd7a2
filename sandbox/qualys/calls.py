"""Every call that came in: exact counts per method and route, and a log without secrets.

It records no headers and no bodies, and queries only of CSAPI calls. For a body, it records the
names of its images.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """`status` is None where the connection was dropped; `about` see `sandbox.qualys.subjects`."""

    number: int
    at: float
    method: str
    route: str
    path: str
    query: str
    about: list[str]
    status: int | None


class Calls:
    def __init__(self) -> None:
        self._log: list[Call] = []

    def record(
        self, at: float, asked: tuple[str, str, str, str], about: set[str], status: int | None
    ) -> None:
        """`asked` is method, route, path and query."""
        self._log.append(Call(len(self._log) + 1, at, *asked, sorted(about), status))

    def counts(self, chosen: Callable[[list[str]], bool] = lambda _: True) -> dict[str, int]:
        """By method and route, of the calls that are about what is chosen."""
        log = [call for call in self._log if chosen(call.about)]
        return dict(Counter(f"{call.method} {call.route}" for call in log))

    def log(self) -> list[dict[str, Any]]:
        return [asdict(call) for call in self._log]

    def clear(self) -> None:
        self._log.clear()
