"""A warm function answers thousands of events: none of them may leave anything behind."""

from __future__ import annotations

import contextlib
import copy
import gc
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from requests.adapters import HTTPAdapter

from tests.support.definitions import FUNCTIONS
from tests.support.machine import TaskFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.pipeline import Json, Pipeline

INVOCATIONS = int(os.environ.get("INVOCATIONS", "400"))
WARM_UP = 60


class Replay:
    """Answers the calls of every invocation as those of the first one were answered.

    So neither moto nor the simulator, which are in this process, notes anything of the others.
    """

    def __init__(self, *patched: tuple[type, str], patch: pytest.MonkeyPatch) -> None:
        self._answers: list[Any] = []
        self._next = 0
        self._is_recorded = False
        for owner, name in patched:
            patch.setattr(owner, name, self._replayed(vars(owner)[name]))

    def record(self) -> None:
        self._answers, self._is_recorded = [], False

    def again(self) -> None:
        self._next, self._is_recorded = 0, True

    def _replayed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def replayed(*arguments: Any, **values: Any) -> Any:
            if not self._is_recorded:
                try:
                    self._answers.append(call(*arguments, **values))
                except Exception as error:
                    self._answers.append(error.with_traceback(None))
                    raise
            self._next += 1
            answer = self._answers[self._next - 1 if self._is_recorded else -1]
            answer = copy.deepcopy(answer)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return replayed


def blocks() -> int:
    """How many blocks of memory Python has given out."""
    gc.collect()
    return sys.getallocatedblocks()


def growth(
    pipeline: Pipeline, invoke: Callable[..., Any], function: str, payload: Json, replay: Replay
) -> int:
    """Counts the blocks that a function has left after many invocations of the same event: in that
    half of them which left less, as something else may leave some once."""
    replay.record()
    counted = []
    for invocations in (WARM_UP, INVOCATIONS // 2, INVOCATIONS // 2):
        for _ in range(invocations):
            with contextlib.suppress(TaskFailed):  # `pipeline` fails for what is not declared
                invoke(function, payload)
            pipeline.wire.sent.clear()
            replay.again()
        counted.append(blocks())
    begun, halfway, ended = counted
    return min(halfway - begun, ended - halfway)


def test_no_function_grows_over_many_warm_invocations(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    payloads: dict[str, Json] = {}
    invoke = pipeline.functions.invoke

    def listen(function: str, payload: Any, seconds: float = 60) -> Any:
        payloads[function] = payload
        return invoke(function, payload, seconds)

    monkeypatch.setattr(pipeline.functions, "invoke", listen)
    pipeline.announce()
    pipeline.scans()
    no_steps = {"reconcile", "reassess", "import_findings", "deployment_gate"}
    assert set(payloads) == set(FUNCTIONS) - no_steps
    # Taken back before moto takes back its own, or moto's would stay for later tests.
    with pytest.MonkeyPatch.context() as patch:
        replay = Replay((BaseClient, "_make_api_call"), (HTTPAdapter, "send"), patch=patch)
        grown = {
            function: growth(pipeline, invoke, function, payload, replay)
            for function, payload in payloads.items()
        }
    # One object left behind by each invocation is as many; what tests and Python note is less.
    assert {name: count for name, count in grown.items() if count >= INVOCATIONS // 2} == {}
