"""Lambda environments begin as forks of a process that has read the SDK and imported the handler
already: that is most of what a worker takes to begin. What a module does when it is imported is
done once for all environments of the same code and configuration, as SnapStart does it on AWS.

It runs as `python -I -S`, with a socket as its standard input, and has read the SDK alone. A
message of {"module", "cwd", "environment"} with a socket begins a fork of it that has the module,
too, and takes messages by that socket; one of {"script", "cwd", "environment"} with the three
standard files begins a worker. The answer is a pid.
"""

import gc
import importlib
import json
import logging
import os
import runpy
import signal
import socket
import sys
from types import ModuleType
from typing import Any, NoReturn

MOST = 1 << 20  # bytes of a message
DESCRIPTIONS = os.path.join(os.path.dirname(__file__), "sdk_descriptions.py")  # noqa: PTH118, PTH120
# The services that functions make clients of.
SERVICES = ("dynamodb", "ecr", "ecs", "events", "secretsmanager", "sns", "stepfunctions", "sts")


def read_sdk(boto3: ModuleType) -> None:
    runpy.run_path(DESCRIPTIONS)["read_once"]()
    session = boto3.session.Session("none", "none", region_name="us-east-1")
    for service in SERVICES:
        session.client(service)
    gc.freeze()  # or each fork would copy what its first collection touches


def serve(requests: socket.socket) -> None:
    while True:
        message, files, _, _ = socket.recv_fds(requests, MOST, 3)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            requests.close()
            given = json.loads(message)
            (prepare if "module" in given else begin)(given, files)
        for file in files:
            os.close(file)
        requests.send(str(pid).encode())


def prepare(given: dict[str, Any], files: list[int]) -> NoReturn:
    enter(given)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    sys.path.insert(0, given["cwd"])
    sys.path.append(os.environ.pop("SANDBOX_RUNTIME"))
    logging.getLogger().addHandler(logging.StreamHandler())
    importlib.import_module(given["module"])  # of one that fails, workers are forks of the first
    gc.freeze()
    with socket.socket(fileno=files[0]) as asked:
        serve(asked)
    os._exit(0)


def enter(given: dict[str, Any]) -> None:
    os.chdir(given["cwd"])
    os.environ.clear()
    os.environ.update(given["environment"])


def begin(given: dict[str, Any], files: list[int]) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    enter(given)
    sys.argv[:] = [given["script"]]
    try:
        runpy.run_path(given["script"], run_name="__main__")
    finally:
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    sys.path.append(sys.argv[1])
    import boto3

    read_sdk(boto3)
    sys.path.remove(sys.argv[1])
    signal.signal(
        signal.SIGCHLD, signal.SIG_IGN
    )  # the kernel reaps children; pidfd holders see their end
    with socket.socket(fileno=os.dup(0)) as asked:
        serve(asked)
