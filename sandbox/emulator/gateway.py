"""The front door: every request passes here on its way to ministack.

ECS writes are recorded by CloudTrail and followed by the task events that ECS itself emits.
`GET /_sandbox/executions` and `/_sandbox/states` show what AWS shows in logs alone: the express
executions, and the states that each execution entered; `/_sandbox/running` counts those that run
and all states entered.
`GET /_sandbox/process` says who listens here; `/_sandbox/stored` is for `keeping`,
`/_sandbox/faults` for `faults`, `/_sandbox/mail` for `mail`, `/_sandbox/permissions` for
`permissions_used`, `/_sandbox/kills` for `kills`.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app as ministack
from ministack.core.router import extract_access_key_id

from sandbox import loopback
from sandbox.emulator import (
    cloudtrail,
    entered_states,
    faults,
    keeping,
    key_use,
    kills,
    mail,
    permissions_used,
    regions,
    signatures,
    task_events,
)
from sandbox.emulator.express import express_executions, running

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def as_if_tls(stock: Any, source_ip: str, _secure: bool) -> None:
    """Takes a request for one by TLS, which some policies demand; ministack sees plain HTTP."""
    stock(source_ip, True)


_GO_SDK = "aws-sdk-go"
_FUNCTION = "exec-env/AWS_Lambda"
_NETWORK_SECONDS = 0.02


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        await ministack.app(scope, receive, send)
        return
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    if words := loopback.refusal(headers):
        await send_answer(send, 403, {"content-type": "text/plain"}, words.encode())
        return
    if scope["path"].startswith("/_sandbox/"):
        await answer(send, _own(scope["path"], await read(receive)))
        return
    if _GO_SDK in headers.get("user-agent", ""):
        send = as_over_a_network(send)
    region, service = _signed_for(headers)
    if await _has_no_region(region, service, receive, send):
        return
    query = signatures.query_of(scope)
    if signatures.is_of_root(headers, query):
        body = await read(receive)
        if failed := signatures.failure(scope, headers, query, body):
            await send_answer(send, *faults.error(service, *failed, 403))
            return
        receive = _again(body, receive)
    key_use.caller.set(extract_access_key_id(headers) or None)
    if _FUNCTION in headers.get("user-agent", "") and (kind := faults.of_call(service)):
        await spoiled(kind, service, scope, receive, send)
        return
    action = cloudtrail.write_action(headers)
    if action is None:
        await ministack.app(scope, receive, send)
    else:
        await recorded(action, headers, scope, receive, send)


# Values that every caller may read; the path is `/_sandbox/` and the name.
_SHOWN: dict[str, Callable[[], Message]] = {
    "executions": lambda: {"executions": express_executions()},
    "running": lambda: {"running": running(), "entered": entered_states.count()},
    "states": entered_states.entered_states,
    "mail": lambda: {"sent": mail.sent},
    "permissions": lambda: {
        "used": sorted(permissions_used.used),
        "by_users": sorted(permissions_used.by_users),
    },
    "process": lambda: {"pid": os.getpid()},
    "stored": lambda: {"stored": keeping.keep()},
    "faults": lambda: {"counts": faults.faults.counts},
    "kills": lambda: {"kills": kills.asked()},
}


def _own(path: str, body: bytes) -> Message:
    name = path.removeprefix("/_sandbox/")
    if name == "faults" and body:
        faults.faults.configure(**json.loads(body))
    if name == "kills" and body:
        kills.ask(**json.loads(body))
    return _SHOWN[name]()


def as_over_a_network(send: Send) -> Send:
    """Delays each answer a little, as a network does. If an answer arrives while Go's HTTP client
    still writes the request, the client assumes a broken connection. Terraform then repeats the
    call, and a create that succeeded fails with "already exists". Seen on few cores."""

    async def later(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(_NETWORK_SECONDS)
        await send(message)

    return later


async def spoiled(kind: str, service: str, scope: Message, receive: Receive, send: Send) -> None:
    """Answers with a fault on purpose: instead of the answer, or without the call."""

    async def lose(_message: Message) -> None:
        pass

    if kind == "answer lost":
        await ministack.app(scope, receive, lose)
    else:
        await read(receive)
    await send_answer(send, *faults.refusal(service, kind))


async def _has_no_region(region: str, service: str, receive: Receive, send: Send) -> bool:
    """Ends a request to a region that does not exist, and one to ECR of a region that is not
    enabled."""
    if not regions.exists(region):
        await regions.hang_up(receive)
        return True
    if service != "ecr" or regions.is_enabled(region):
        return False
    await send_answer(send, *faults.error(service, *regions.NOT_ENABLED, 400))
    return True


def _signed_for(headers: dict[str, str]) -> tuple[str, str]:
    """The region and service that a request is signed for; empty where it is not signed."""
    _, _, scope = headers.get("authorization", "").partition("Credential=")
    _, _, region, service = (scope.split("/") + [""] * 4)[:4]
    return region, service


async def read(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Receives a request again whose body was read."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return messages.pop() if messages else await receive()

    return received


async def answer(send: Send, body: Message) -> None:
    await send_answer(send, 200, {"content-type": "application/json"}, json.dumps(body).encode())


async def send_answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    listed = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})


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
