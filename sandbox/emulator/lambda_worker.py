"""The Lambda runtime: what a worker process runs. It is started with `python -I -S`, knows only
the standard library and what AWS puts beside a function, and speaks ministack's line protocol.

The text of this file is handed to the workers; it is not imported by the emulator.
"""

from __future__ import annotations

import http.client
import importlib
import json
import logging
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

Json = dict[str, Any]
Handler = Callable[[Any, "Context"], Any]

# An error is a result in this protocol: a plain "error" would cost the worker its life.
RAISED = "__lambda_error__"

replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever the function prints goes to its log


def reply(message: Json) -> None:
    replies.write(json.dumps(message) + "\n")
    replies.flush()


def raised(kind: str, message: str, trace: list[str], request_id: str) -> Json:
    return {
        "status": "ok",
        "result": {
            RAISED: {
                "errorMessage": message,
                "errorType": kind,
                "requestId": request_id,
                "stackTrace": trace,
            }
        },
    }


class Call:
    """A request of this process, apart from the pieces that it sends."""

    def __init__(self) -> None:
        self.text = ""
        self.counted = False

    def name(self) -> str | None:
        """`service:Action` for AWS, else method and path; None where the body has to say it."""
        head, _, body = self.text.partition("\r\n\r\n")
        method, target, _ = head.split(" ", 2)
        service = re.search(r"Credential=[^/]+/[0-9]+/[^/]+/([^/]+)/", head)
        action = re.search(r"(?i)\r\nx-amz-target: *[^.\r]+\.(\w+)", head)
        if service and not action and (method, target) == ("POST", "/"):
            action = re.search(r"(?:^|&)Action=(\w+)", body)
            if not action:
                return None
        if service and action:
            return service[1] + ":" + action[1]
        return method + " " + target.partition("?")[0]


class Kill:
    """Kills this process before or after a call, or at the end of the handler."""

    def __init__(self) -> None:
        self.expect(None)
        sys.addaudithook(self.audit)
        stock = http.client.HTTPConnection.getresponse

        def getresponse(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
            response = stock(connection)
            self.answered(connection)
            return response

        # No audit event has an answer.
        http.client.HTTPConnection.getresponse = getresponse  # type: ignore[method-assign, assignment]

    def expect(self, point: Json | None) -> None:
        self.point = point or {}
        self.left: int = self.point.get("number", -1)
        self.calls: dict[object, Call] = {}  # by connection
        # The connection whose answer is the last thing that this process sees.
        self.last: object = None

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "http.client.send" and self.left > 0:
            self.sends(*arguments)

    def sends(self, connection: object, data: bytes) -> None:
        piece = bytes(data).decode("latin-1")
        if re.match(r"[A-Z]+ \S+ HTTP/1.1\r\n", piece):
            self.calls[connection] = Call()
        call = self.calls[connection]
        call.text += piece
        name = call.name()
        if call.counted or name is None or not re.search(self.point["call"], name):
            return
        call.counted = True
        self.left -= 1
        if self.left == 0:
            self.last = connection
            if self.point["when"] == "before":
                self.now()

    def answered(self, connection: object) -> None:
        self.calls.pop(connection, None)
        if connection is self.last:
            self.now()

    def handled(self) -> None:
        if self.left == 0:
            self.now()

    def now(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Context:
    """What a handler gets beside the event."""

    identity = None
    client_context = None

    def __init__(self, start: Json, call: Json, timeout_ms: int) -> None:
        self.function_name = start["function_name"]
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.memory_limit_in_mb = str(start["memory"])
        self.invoked_function_arn = call.get("invoked_function_arn") or start["arn"]
        self.aws_request_id = call.get("request_id", "")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self._deadline = time.monotonic() + timeout_ms / 1000

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class Failure(NamedTuple):
    """The error that every invocation of this process answers."""

    kind: str
    message: str
    error: Exception


def load(start: Json) -> Handler | Failure:
    module, name = start["module"], start["handler"]
    try:
        handler: Handler = getattr(importlib.import_module(module), name)
    except ImportError as error:
        message = f"Unable to import module '{module}': {error}"
        return Failure("Runtime.ImportModuleError", message, error)
    except AttributeError as error:
        message = f"Handler '{name}' missing on module '{module}'"
        return Failure("Runtime.HandlerNotFound", message, error)
    except Exception as error:
        return Failure(type(error).__name__, str(error), error)
    return handler


def invoke(handler: Handler, event: Any, context: Context) -> Json:
    try:
        result = handler(event, context)
    except Exception as error:
        traceback.print_exc()
        trace = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
        return raised(type(error).__name__, str(error), trace, context.aws_request_id)
    try:
        json.dumps(result)
    except TypeError as error:
        message = f"Unable to marshal response: {error}"
        return raised("Runtime.MarshalError", message, [], context.aws_request_id)
    return {"status": "ok", "result": result}


def main() -> None:
    start = json.loads(sys.stdin.readline())
    os.environ.update(start.get("env", {}))
    sys.path[:0] = [start["code_dir"], *layers()]
    sys.path.append(os.environ["SANDBOX_RUNTIME"])
    del os.environ["SANDBOX_RUNTIME"]
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.StreamHandler())
    kill = Kill()
    handler = load(start)
    reply({"status": "ready", "cold": True})
    for line in sys.stdin:
        message = json.loads(line)
        call = message.get("ctx") or {}
        if isinstance(handler, Failure):
            print(f"[ERROR] {handler.kind}: {handler.message}", file=sys.stderr)
            trace = traceback.format_list(traceback.extract_tb(handler.error.__traceback__)[1:])
            reply(raised(handler.kind, handler.message, trace, call.get("request_id", "")))
            return  # the next invocation initialises a new process, as on AWS
        context = Context(start, call, call.get("timeout_ms") or 3000)
        kill.expect((call.get("durable") or {}).get("SANDBOX_KILL"))
        result = invoke(handler, message["event"], context)
        kill.handled()
        reply(result)


def layers() -> list[str]:
    """The import paths of the function's layers, which ministack has unpacked."""
    folders = filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep))
    return [os.path.join(folder, "python") for folder in folders]  # noqa: PTH118 - a small worker


main()
