"""JSONata in state machines, where ministack evaluates differently from AWS."""

import time
from typing import Any

from jsonata.jexception import JException
from jsonata.timebox import Timebox
from ministack.services import stepfunctions

Json = dict[str, Any]


def assign(
    _stock: Any,
    state: Json,
    state_input: Any,
    context: Json | None,
    result: Any = None,
    error_output: Any = None,
) -> None:
    """Evaluates an Assign as a whole; in ministack its second line sees the effect of the first."""
    values = state.get("Assign")
    if context is None or not isinstance(values, dict):
        return
    if stepfunctions._state_query_language(state, context) != "JSONata":
        return
    evaluated = stepfunctions._apply_jsonata_template(
        values, state_input, context, result=result, error_output=error_output
    )
    context.setdefault("variables", {}).update(evaluated)


def limit_of_own_time(_original: type) -> type:
    """Lets an expression compute for a second; ministack ends it when a second has passed.

    On a busy machine a second passes while it waits, and no machine retries what fails so.
    """
    return OwnTime


class OwnTime(Timebox):  # type: ignore[misc]
    """Counts the time of the processor that this thread has used."""

    def __init__(self, frame: Any, timeout: int | None = None, depth: int | None = None) -> None:
        super().__init__(frame, None, depth)
        self._limit = timeout
        self._began = time.thread_time()

    def check_runaway(self) -> None:
        super().check_runaway()
        if self._limit and (time.thread_time() - self._began) * 1000 > self._limit:
            raise JException("D1012", -1, self._limit)
