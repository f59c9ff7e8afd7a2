"""The Lambda runtime: what a worker process runs. It is started with `python -I -S`, knows only
the standard library and what AWS puts beside a function, and speaks ministack's line protocol.

The text of this file is handed to the workers; it is not imported by the emulator.
"""

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

# An error is a result in this protocol: a plain "error" would cost the worker its life.
RAISED = "__lambda_error__"

replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever the function prints goes to its log


def reply(message):
    replies.write(json.dumps(message) + "\n")
    replies.flush()


def raised(kind, message, trace, request_id):
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
    """A request of this process, told from the pieces that it sends."""

    def __init__(self):
        self.text = ""
        self.counted = False

    def name(self):
        """`service:Action` for AWS, else method and path; None where the body has to tell it."""
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

    def __init__(self):
        self.expect(None)
        sys.addaudithook(self.audit)
        stock = http.client.HTTPConnection.getresponse

        def getresponse(connection):
            response = stock(connection)
            self.answered(connection)
            return response

        http.client.HTTPConnection.getresponse = getresponse

    def expect(self, point):
        self.point = point or {}
        self.left = self.point.get("number")
        self.calls = {}  # by connection
        self.last = None  # the connection whose answer is the last thing that this process sees

    def audit(self, event, arguments):
        if event == "http.client.send" and self.left:
            self.sends(*arguments)

    def sends(self, connection, data):
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

    def answered(self, connection):
        self.calls.pop(connection, None)
        if connection is self.last:
            self.now()

    def handled(self):
        if self.left == 0:
            self.now()

    def now(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Context:
    """What a handler gets beside the event."""

    identity = None
    client_context = None

    def __init__(self, start, call, timeout_ms):
        self.function_name = start["function_name"]
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.memory_limit_in_mb = str(start["memory"])
        self.invoked_function_arn = call.get("invoked_function_arn") or start["arn"]
        self.aws_request_id = call.get("request_id", "")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self._deadline = time.monotonic() + timeout_ms / 1000

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def load(start):
    """(handler, None), or (None, the error that every invocation of this process answers)."""
    module, name = start["module"], start["handler"]
    try:
        return getattr(importlib.import_module(module), name), None
    except ImportError as error:
        message = f"Unable to import module '{module}': {error}"
        return None, ("Runtime.ImportModuleError", message, error)
    except AttributeError as error:
        message = f"Handler '{name}' missing on module '{module}'"
        return None, ("Runtime.HandlerNotFound", message, error)
    except Exception as error:
        return None, (type(error).__name__, str(error), error)


def invoke(handler, event, context):
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


def main():
    start = json.loads(sys.stdin.readline())
    os.environ.update(start.get("env", {}))
    sys.path[:0] = [start["code_dir"], *layers()]
    sys.path.append(os.environ["SANDBOX_RUNTIME"])
    del os.environ["SANDBOX_RUNTIME"]
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.StreamHandler())
    kill = Kill()
    handler, failure = load(start)
    reply({"status": "ready", "cold": True})
    for line in sys.stdin:
        message = json.loads(line)
        call = message.get("ctx") or {}
        if failure:
            kind, text, error = failure
            print(f"[ERROR] {kind}: {text}", file=sys.stderr)
            trace = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
            reply(raised(kind, text, trace, call.get("request_id", "")))
            return  # the next invocation initialises a new process, as on AWS
        context = Context(start, call, call.get("timeout_ms") or 3000)
        kill.expect((call.get("durable") or {}).get("SANDBOX_KILL"))
        result = invoke(handler, message["event"], context)
        kill.handled()
        reply(result)


def layers():
    """The import paths of the function's layers, which ministack has unpacked."""
    folders = filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep))
    return [os.path.join(folder, "python") for folder in folders]  # noqa: PTH118 - a small worker


main()
