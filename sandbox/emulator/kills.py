"""Kills of functions: `POST /_sandbox/kills` asks for one, `GET` lists all.

A kill ends the process of one invocation by SIGKILL, before or after a call that it makes. What AWS
does then: Lambda reports a function error of the type Runtime.ExitError
(https://repost.aws/knowledge-center/lambda-runtime-error). Step Functions passes that name on, or
reports Lambda.Unknown
(https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html), so a machine
must retry both. Lambda runs an asynchronous invocation two more times
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
"""

import contextlib
import contextvars
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

Json = dict[str, Any]


@dataclass(frozen=True)
class Point:
    """A point in an invocation: before or after the call with this number, or after the handler.

    Counted are the calls whose names, such as `sns:Publish` or `GET /csapi/v1.3/images`, match
    `call`, a regular expression. With the number 0 it is the end of the handler.
    """

    when: Literal["before", "after"]
    call: str = ""
    number: int = 1


@dataclass
class Kill:
    """A kill that was asked for.

    function    the name of the function
    event       a regular expression that matches in the JSON of the events that are meant
    invocation  which of the invocations with such an event is meant, from 1
    seen        how many of them have begun
    struck      whether the process was killed
    """

    point: Point
    function: str
    event: str = ""
    invocation: int = 1
    seen: int = 0
    struck: bool = False

    def is_due(self, function: str, event: str) -> bool:
        """Counts the invocation if it is one of those that are meant."""
        if function != self.function or not re.search(self.event, event):
            return False
        self.seen += 1
        return self.seen == self.invocation


_lock = threading.Lock()
_kills: list[Kill] = []
# Where the process of this invocation ends.
point: contextvars.ContextVar[Point | None] = contextvars.ContextVar("point", default=None)


def ask(when: Literal["before", "after"], call: str = "", number: int = 1, **which: Any) -> None:
    with _lock:
        _kills.append(Kill(Point(when, call, number), **which))


def asked() -> list[Json]:
    with _lock:
        return [asdict(kill) for kill in _kills]


def due(function: str, event: Any) -> Kill | None:
    """Returns the kill for this invocation."""
    text = json.dumps(event)
    with _lock:
        found = [kill for kill in _kills if kill.is_due(function, text)]
    return found[0] if found else None


@contextlib.contextmanager
def ending(where: Point | None) -> Iterator[None]:
    """Sets the point where an invocation in the block ends; None keeps the present point."""
    token = point.set(where or point.get())
    try:
        yield
    finally:
        point.reset(token)


def invoke(stock: Any, function: Json, event: Any, request_id: str) -> Json:
    """Kills an invocation that is to be killed; ministack kills none on purpose."""
    config = function.get("config") or function
    kill = due(config.get("FunctionName", ""), event)
    with ending(kill.point if kill else None):
        result: Json = stock(function, event, request_id)
    body = result.get("body")
    if kill and isinstance(body, dict) and body.get("errorMessage") == "Worker process died":
        kill.struck = True
        message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
        return result | {"body": {"errorType": "Runtime.ExitError", "errorMessage": message}}
    return result


def point_for_worker(stock: Any) -> Json:
    """Sends the worker the point where it ends; ministack sends it facts of other kinds."""
    where = point.get()
    sent = dict(stock())
    return sent | {"SANDBOX_KILL": asdict(where)} if where else sent
