"""Functions and state machines that several tests use."""

from typing import Any

from tests.sandbox.account import Json

FLAKY = """
import json, os, tempfile, time
class Busy(Exception): pass
def handler(event, context):
    path = os.path.join(tempfile.gettempdir(), event["file"])
    with open(path, "a") as file:
        file.write(f"{time.time()}\\n")
    count = len(open(path).readlines())
    if count <= event["failures"]:
        raise Busy(str(count))
    return count
"""
FAILING_LATE = """
import os, tempfile, time
def handler(event, context):
    open(os.path.join(tempfile.gettempdir(), event["file"]), "w").close()
    time.sleep(0.5)
    raise ValueError("after the stop")
"""
SLEEPING = "import time\ndef handler(event, context):\n    time.sleep(event.get('seconds', 0))\n"


def waiting(seconds: int, **machine: Any) -> Json:
    state = {"Type": "Wait", "Seconds": seconds, "End": True}
    return {"StartAt": "Wait", "States": {"Wait": state}} | machine


def calling(function: str, payload: Any, **task: Any) -> Json:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": payload},
        "End": True,
    }
    return {"StartAt": "Call", "States": {"Call": state | task}}
