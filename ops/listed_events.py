"""Lists the messages of the queues, and deletes those that nothing can process."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from rich.console import Console

from ops.errors import OpsError
from ops.event_queue import EventQueue, Message
from ops.queued_events import described

Json = dict[str, Any]
Found = dict[str, tuple[EventQueue, Message]]


def listed(queues: Sequence[EventQueue], console: Console) -> list[Json]:
    """Describes all messages. Hides them for a moment; nothing else changes. Raises OpsError."""
    found: Found = {}
    try:
        _take(queues, found, console)
    finally:
        _release(found.values())
    return [described(queue, message) for queue, message in found.values()]


def drop(queues: Sequence[EventQueue], ids: Collection[str], console: Console) -> list[Json]:
    """Deletes the messages with these ids, and describes them.

    Raises OpsError, and deletes nothing, if there is no message with one of the ids, or if it can
    be processed.
    """
    found: Found = {}
    try:
        _take(queues, found, console)
        described_by_id = {name: described(*found[name]) for name in ids if name in found}
        _require_unreadable(ids, described_by_id)
        for name in ids:
            queue, message = found.pop(name)
            queue.delete(message)
            described_by_id[name] |= {"result": "dropped", "reason": "nothing can process it"}
    finally:
        _release(found.values())
    return list(described_by_id.values())


def _take(queues: Sequence[EventQueue], found: Found, console: Console) -> None:
    for queue in queues:
        with console.status(f"Reading {queue.name}") as status:
            while batch := queue.receive():
                found |= {message.id: (queue, message) for message in batch}
                status.update(f"Reading {queue.name}: {len(found)} events")


def _release(found: Iterable[tuple[EventQueue, Message]]) -> None:
    for queue, message in found:
        queue.release([message])


def _require_unreadable(ids: Collection[str], found: dict[str, Json]) -> None:
    if missing := [name for name in ids if name not in found]:
        raise OpsError(
            f"No message has the id {', '.join(missing)}: nothing was dropped. DRY_RUN=1 lists the "
            "messages with their ids."
        )
    if readable := [name for name in ids if found[name]["readable"]]:
        raise OpsError(
            f"{', '.join(readable)} can be processed: nothing was dropped. Run it without DROP=."
        )
