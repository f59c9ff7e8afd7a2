"""The lifecycle hook that ECS calls before tasks of a revision start."""

from typing import Any

from image_scan import config
from image_scan.gate import connect, hook
from image_scan.gate.lifecycle import HookAnswer


def handler(event: Any, context: Any) -> HookAnswer:
    seconds = context.get_remaining_time_in_millis() / 1000
    return hook.respond(event, connect.gate, config.gate_fallback(), seconds)
