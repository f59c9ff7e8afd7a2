"""Which states each execution entered, those of its maps included.

AWS writes that into the logs of an express execution when they are at level ALL; the sandbox has
`GET /_sandbox/states`, whatever the level.
"""

import threading
from collections import defaultdict
from typing import Any

from sandbox.emulator.express import all_executions

Json = dict[str, Any]

_entered: dict[str, list[str]] = defaultdict(list)
_lock = threading.Lock()


def execute(stock: Any, state: Json, payload: Any, *more: Any) -> Any:
    """Notes the state that is entered; ministack keeps no history of what is inside a map.

    The last of `more` is the context. The iterations of a map run in threads of their own.
    """
    context = more[-1]
    with _lock:
        _entered[context["Execution"]["Id"]].append(context["State"]["Name"])
    return stock(state, payload, *more)


def entered_states() -> dict[str, list[str]]:
    """By execution, in order where branches do not run at once. The last may be a Succeed or Fail,
    which ministack follows by itself; inside a map it does not report them."""
    return {
        execution["executionArn"]: [*_entered[execution["executionArn"]], *_ends(execution)]
        for execution in all_executions()
    }


def count() -> int:
    """How many states all executions have entered; it grows while anything moves."""
    with _lock:
        return sum(len(names) for names in _entered.values())


def _ends(execution: Json) -> list[str]:
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in execution["events"]
        if event["type"] in {"SucceedStateEntered", "FailStateEntered"}
    ]
