"""The log lines of the running example, rendered as the functions render them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

lines: list[str] = []
_render = structlog.processors.JSONRenderer()


def keep(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
    """The last processor: nothing is printed."""
    lines.append(str(_render(logger, method, event)))
    raise structlog.DropEvent
