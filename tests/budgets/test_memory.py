"""A warm function answers thousands of events: none of them may leave anything behind."""

from __future__ import annotations

import contextlib
import gc
import os
import tracemalloc
from typing import TYPE_CHECKING, Any

from moto.core.model_instances import reset_model_data

from tests.support.definitions import FUNCTIONS
from tests.support.machine import TaskFailed

if TYPE_CHECKING:
    import pytest

    from tests.support.pipeline import Json, Pipeline

INVOCATIONS = int(os.environ.get("INVOCATIONS", "120"))  # a thousand take minutes
# Ours, and what we call; moto and the simulator keep books in this process.
CODE = tuple(
    tracemalloc.Filter(inclusive=True, filename_pattern=f"*/{package}/*")
    for package in ("image_scan", "requests", "urllib3", "structlog")
)
# Of some strings of `datetime.isoformat` tracemalloc never learns that they are gone: a plain
# loop of it shows them, and in three million rounds the process does not grow.
MISCOUNTED = tracemalloc.Filter(inclusive=False, filename_pattern="*/structlog/processors.py")


def held() -> int:
    """Bytes that this code has allocated and that are still there."""
    # moto remembers every item that it has copied, in memory that our code had before.
    reset_model_data()
    gc.collect()
    found = tracemalloc.take_snapshot().filter_traces((*CODE, MISCOUNTED))
    return sum(each.size for each in found.statistics("filename"))


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
    no_steps = {"reconcile", "import_findings", "deployment_gate"}
    assert set(payloads) == set(FUNCTIONS) - no_steps
    grown = {}
    for function, payload in payloads.items():
        for number in range(INVOCATIONS + 30):
            if number == 30:
                tracemalloc.start()
                before = held()
            with contextlib.suppress(TaskFailed):  # `pipeline` fails for what is not declared
                invoke(function, payload)
        pipeline.wire.sent.clear()
        grown[function] = held() - before
        tracemalloc.stop()
    # No object is smaller than forty bytes; what is left is the last invocation's.
    assert {name: size for name, size in grown.items() if size > 40 * INVOCATIONS} == {}
