"""The front door: every request passes here on its way to ministack.

ECS writes are recorded by CloudTrail and followed by the task events that ECS itself emits.
`GET /_sandbox/executions` shows what AWS shows in logs alone: the express executions.
`GET /_sandbox/process` tells who listens here.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app as ministack
from ministack.core import iam_evaluator as iam
from ministack.core.router import extract_access_key_id

from sandbox.emulator import cloudtrail, key_use, task_events
from sandbox.emulator.express import express_executions
from sandbox.emulator.patching import around

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@around(ministack, "pin_request_origin")
def as_if_tls(stock: Any, source_ip: str, _secure: bool) -> None:
    """Plain HTTP on loopback stands for AWS's TLS: policies that demand TLS are met."""
    stock(source_ip, True)


iam._request_origin.set(("127.0.0.1", True))

_GO_SDK = "aws-sdk-go"
_NETWORK_SECONDS = 0.02


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        await ministack.app(scope, receive, send)
        return
    if scope["path"] == "/_sandbox/executions":
        await answer(send, {"executions": express_executions()})
        return
    if scope["path"] == "/_sandbox/process":
        await answer(send, {"pid": os.getpid()})
        return
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    if _GO_SDK in headers.get("user-agent", ""):
        send = as_over_a_network(send)
    key_use.caller.set(extract_access_key_id(headers) or None)
    action = cloudtrail.write_action(headers)
    if action is None:
        await ministack.app(scope, receive, send)
    else:
        await recorded(action, headers, scope, receive, send)


def as_over_a_network(send: Send) -> Send:
    """Answers no sooner than AWS could. When Go's HTTP client has an answer before it came back
    from writing the request, it takes the connection for broken, and Terraform repeats the call:
    a create that was carried out fails with "already exists". Seen where cores are few."""

    async def later(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(_NETWORK_SECONDS)
        await send(message)

    return later


async def answer(send: Send, body: Message) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def recorded(
    action: str, headers: dict[str, str], scope: Message, receive: Receive, send: Send
) -> None:
    """Pass a call on, listening to both sides; the events follow the answer, as on AWS."""
    request, response = bytearray(), bytearray()
    status = 500
    answers: list[Message] = []

    async def listen() -> Message:
        message = await receive()
        request.extend(message.get("body", b""))
        return message

    async def keep(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        response.extend(message.get("body", b""))
        answers.append(message)

    # ministack pins the caller's account and region in this very task, so they still hold below.
    await ministack.app(scope, listen, keep)
    try:
        call = cloudtrail.Call(
            action, headers, json.loads(request or b"{}"), status, json.loads(response or b"{}")
        )
        cloudtrail.record(call)
        task_events.announce()
    except Exception:  # an event that cannot be made must not fail the call it is about
        ministack.logger.exception("sandbox: no events for %s", action)
    for message in answers:
        await send(message)
