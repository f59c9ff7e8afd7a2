"""Faults on purpose: the nth call of a method and path gets another answer, late, or none."""

import itertools
import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.qualys.answers import envelope
from sandbox.qualys.fields import update_fields


@dataclass
class Fault:
    """`path` is a regular expression for the whole path, `method` a method or `*`.

    With an `image`, a sha, `repository:tag` or `repository`, only calls about that image match.
    It acts from the `nth` matching call on, `times` times (0: until it is removed), and only on a
    `share` of these calls, drawn by a generator with `seed`. With a `status`, the call gets that
    answer and is not carried out. With `after`, it is carried out first, and only its answer is
    lost. With `undone`, the answer says success, but the call is not carried out. `delay` holds the
    answer back for so many seconds, `drop` closes the connection without an answer, `truncate`
    sends so many bytes of the body and closes, `garble` breaks its JSON. `headers` and `body`
    replace those of the answer.
    """

    path: str = ".*"
    method: str = "*"
    image: str = ""
    nth: int = 1
    times: int = 1
    share: float = 1.0
    seed: int = 0
    delay: float = 0.0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str | dict[str, Any] | list[Any] | None = None
    after: bool = False
    undone: bool = False
    drop: bool = False
    truncate: int | None = None
    garble: bool = False
    matched: int = 0
    fired: int = 0

    def takes(self, method: str, path: str, is_about: Callable[[str], bool]) -> bool:
        """Counts a matching call, and says whether this is one to spoil."""
        if self.method not in ("*", method) or not re.fullmatch(self.path, path):
            return False
        if self.image and not is_about(self.image):
            return False
        self.matched += 1
        acts = self.matched >= self.nth and (self.times == 0 or self.fired < self.times)
        return acts and (self.share >= 1 or self._drawn())

    def _drawn(self) -> bool:
        drawn = random.Random(f"{self.seed} {self.path} {self.matched}")  # noqa: S311 - to be repeated
        return drawn.random() < self.share

    @property
    def carried_out(self) -> bool:
        return self.after or not (self.status or self.drop or self.undone)

    def body_bytes(self, now: float) -> bytes:
        """What it answers: text as it is, other values as JSON, else the error envelope."""
        if isinstance(self.body, str):
            return self.body.encode()
        if self.body is not None:
            return json.dumps(self.body).encode()
        if self.undone and not self.status:
            return json.dumps({"data": []}).encode()
        return b"" if self.status < 400 else json.dumps(self._envelope(now)).encode()

    def _envelope(self, now: float) -> dict[str, Any]:
        return envelope(self.status, "Fault on purpose", now)


class Faults:
    """If several faults match a call, the one that was set first acts. All count the call."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._numbers = itertools.count(1)

    def add(self, values: Mapping[str, Any]) -> int:
        """Adds a fault. Raises ValueError for an unknown name, wrong type or invalid pattern."""
        fault = Fault()
        update_fields(fault, values)
        try:
            re.compile(fault.path)
        except re.error as error:
            raise ValueError(f"path: {error}") from error
        number = next(self._numbers)
        self._faults[number] = fault
        return number

    def remove(self, number: int) -> None:
        self._faults.pop(number, None)

    def clear(self) -> None:
        self._faults.clear()

    def of(self, method: str, path: str, is_about: Callable[[str], bool]) -> Fault | None:
        faults = self._faults.values()
        taking = [fault for fault in faults if fault.takes(method, path, is_about)]
        if not taking:
            return None
        taking[0].fired += 1
        return taking[0]

    def as_json(self) -> dict[str, Any]:
        return {str(number): asdict(fault) for number, fault in self._faults.items()}
