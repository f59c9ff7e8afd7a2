"""`python -m sandbox.emulator`: serve the embedded AWS on 127.0.0.1:$GATEWAY_PORT.

Ends on SIGTERM, or when the process that started it is gone.
"""

import asyncio
import importlib
import importlib.metadata
import os
import signal
import sys

SUPPORTED = "1.5.33"

# Importing one of these is what changes ministack; `gateway` brings the others it needs.
WRAPPERS = (
    "express",  # before what imports `executions`, which checks a start and then passes it on
    "ecs_tasks",
    "event_targets",
    "jsonata",
    "key_use",
    "lambda_roles",
    "lambda_code",
    "lambda_workers",
    "managed_policies",
    "organization",
    "provider_answers",
    "read_once",
    "registry",
    "resource_tags",
    "secret_versions",
    "sessions",
    "status_events",
    "task_errors",
    "task_permissions",
)


async def serve() -> None:
    from hypercorn import asyncio as server  # noqa: PLC0415 - only with the right ministack
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack.core import lambda_runtime  # noqa: PLC0415

    gateway = importlib.import_module("sandbox.emulator.gateway")
    for name in WRAPPERS:
        importlib.import_module(f"sandbox.emulator.{name}")
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
    config.loglevel = "WARNING"
    config.graceful_timeout = 1
    config.keep_alive_timeout = 75
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    watch = asyncio.create_task(orphaned(over))
    try:
        await server.serve(gateway.app, config, shutdown_trigger=over.wait)
    finally:
        watch.cancel()
        lambda_runtime.reset()


async def orphaned(over: asyncio.Event) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)
    over.set()


if __name__ == "__main__":
    installed = importlib.metadata.version("ministack")
    if installed != SUPPORTED:
        sys.exit(f"the sandbox wraps ministack {SUPPORTED}, not {installed}")
    asyncio.run(serve())
