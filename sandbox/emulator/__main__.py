"""`python -m sandbox.emulator`: serve the embedded AWS on 127.0.0.1:$GATEWAY_PORT.

Ends on SIGTERM, or when the process that started it is gone.
"""

import asyncio
import contextlib
import importlib.metadata
import os
import signal
import sys
from collections.abc import Callable

SUPPORTED = "1.5.33"


async def serve() -> None:
    import uvicorn  # noqa: PLC0415 - only with the right ministack
    from ministack.core import lambda_runtime  # noqa: PLC0415

    from sandbox.emulator import gateway, patches  # noqa: PLC0415

    patches.apply()
    config = uvicorn.Config(
        gateway.app,
        host="127.0.0.1",
        port=int(os.environ["GATEWAY_PORT"]),
        http="httptools",
        ws="none",
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,  # ministack has its own
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # which would end us before the workers

    def end() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    watch = asyncio.create_task(orphaned(end))
    try:
        await server.serve()
    finally:
        watch.cancel()
        lambda_runtime.reset()


async def orphaned(end: Callable[[], None]) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)
    end()


if __name__ == "__main__":
    installed = importlib.metadata.version("ministack")
    if installed != SUPPORTED:
        sys.exit(f"the sandbox wraps ministack {SUPPORTED}, not {installed}")
    asyncio.run(serve())
