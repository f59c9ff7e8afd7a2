"""Lambda workers see what a function sees on AWS: its zip, the SDK, its own environment.

Errors keep the name of their class and their trace, and leave the worker alive.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

from sandbox.emulator.lambda_forks import CAN_FORK, Forked, Mothers

Json = dict[str, Any]

# What AWS installs beside a Python function: boto3 and what it needs.
SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
RAISED = "__lambda_error__"
_MAKING = threading.Lock()
# Variables of the Lambda environment that ministack does not set.
STANDARD = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
}


def runtime_folder() -> Path:
    """A folder with the SDK alone, out of this environment; made once, in the temporary home."""
    folder = Path(tempfile.gettempdir()) / "lambda-runtime"
    with _MAKING:
        if not folder.exists():
            folder.mkdir()
            installed = Path(sysconfig.get_paths()["purelib"])
            for name in SDK:
                (folder / name).symlink_to(installed / name)
    return folder


def environment(spawned: Mapping[str, str], config: Json) -> dict[str, str]:
    """The worker's variables without those that are only the emulator's own."""
    own = {
        name: value
        for name, value in spawned.items()
        if os.environ.get(name) != value and not name.startswith("MINISTACK")
    }
    function = own.get("AWS_LAMBDA_FUNCTION_NAME", "")
    configured: dict[str, str] = config.get("Environment", {}).get("Variables", {})
    return (
        STANDARD
        | {
            "TMPDIR": tempfile.gettempdir(),
            "SANDBOX_RUNTIME": str(runtime_folder()),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function}",
        }
        | {"_HANDLER": config["Handler"]}
        | configured
        | own
    )


_mothers = Mothers(runtime_folder)
_begun = threading.local()


class Worker(lambda_runtime.Worker):  # type: ignore[misc]  # untyped
    """Lets `start_worker` know what function it is."""

    def _spawn(self) -> None:
        _begun.config = self.config
        super()._spawn()


def worker_class(stock: Any, config: Json) -> Any:
    """Takes our worker for Python functions; that of ministack hides which function it starts."""
    found = stock(config)
    return Worker if found is lambda_runtime.Worker else found


def start_worker(command: list[str], **options: Any) -> subprocess.Popen[str] | Forked:
    """`subprocess.Popen` as ministack's workers call it."""
    if command[0] != sys.executable:
        return subprocess.Popen(command, **options)
    variables = environment(options["env"], _begun.config)
    if CAN_FORK:
        return _mothers.fork(command[1], options["cwd"], variables)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", *command[1:]], **{**options, "env": variables}
    )


def isolated_processes(original: ModuleType) -> SimpleNamespace:
    """Starts workers without the emulator's packages and variables; ministack hands them on."""
    return SimpleNamespace(Popen=start_worker, PIPE=original.PIPE)


def worker_script(_original: str) -> str:
    """Has workers run `lambda_worker.py`; the script of ministack dies with each exception."""
    return (Path(__file__).parent / "lambda_worker.py").read_text()


def run(stock: Any, function: Json, event: Any, request_id: str) -> Json:
    """Names errors as Lambda does; ministack calls each of them Runtime.HandlerError."""
    result: Json = stock(function, event, request_id)
    body = result.get("body")
    if not isinstance(body, dict):
        return result
    if RAISED in body:
        return result | {"body": body[RAISED], "error": True}
    if body.get("errorMessage") == "Worker process died":
        message = f"RequestId: {request_id} Error: Runtime exited"
        return result | {"body": {"errorType": "Runtime.ExitError", "errorMessage": message}}
    return result
