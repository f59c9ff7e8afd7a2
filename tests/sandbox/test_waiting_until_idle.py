"""Waiting for executions: as long as something moves, however slow the machine."""

from collections.abc import Iterable
from types import SimpleNamespace

import pytest

from sandbox import installation
from sandbox.installation import Installation


def complete(
    monkeypatch: pytest.MonkeyPatch, seen: Iterable[tuple[int, int]], each_takes: float
) -> None:
    """`seen` are the executions that run and the states entered, look by look."""
    now, looks = [0.0], iter(seen)

    def look() -> tuple[int, int]:
        now[0] += each_takes
        return next(looks)

    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda _: None)
    monkeypatch.setattr(installation, "time", clock)
    waiting = Installation("token", wait_scale=0)
    waiting.aws = SimpleNamespace(progress=look)  # type: ignore[assignment]
    waiting.wait_until_idle()


def test_it_waits_while_something_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    moves = [(1, states) for states in range(100)]
    complete(monkeypatch, [*moves, (0, 100), (1, 101), (0, 102), (0, 102), (0, 102)], each_takes=60)


def test_it_gives_up_when_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TimeoutError, match="nothing moves"):
        complete(monkeypatch, [(1, 7)] * 100, each_takes=60)
