"""Lists the messages of the queues, and deletes those that an operator gives up."""

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rich.console import Console

from ops.errors import OpsError
from ops.event_queue import EventQueue, Message
from ops.event_tries import AT_ONCE, EventTries, Failed
from ops.installation import Installation
from ops.queued_events import IMPORT, NOTIFICATION, described, event_of
from ops.redrive_page import handled

Json = dict[str, Any]
Held = tuple[EventQueue, Message]
Found = dict[str, Held]


def listed(queues: Sequence[EventQueue], console: Console) -> list[Json]:
    """Describes all messages. Hides them for a moment; nothing else changes. Raises OpsError."""
    found: Found = {}
    try:
        _take(queues, found, console)
    finally:
        _release(found.values())
    return [described(queue, message) for queue, message in found.values()]


def drop(
    queues: Sequence[EventQueue],
    ids: Collection[str],
    installation: Installation | None,
    console: Console,
) -> list[Json]:
    """Tries the messages with these ids once more, and deletes those whose error is final, or that
    nothing can process. Describes each with its result.

    Raises OpsError, before anything is tried, if there is no message with one of the ids, or if one
    may still succeed; and if AWS does not answer, with what was done until then.
    """
    found: Found = {}
    try:
        _take(queues, found, console)
        if missing := [name for name in ids if name not in found]:
            raise OpsError(
                f"No message has the id {', '.join(missing)}: nothing was dropped. DRY_RUN=1 lists "
                "the messages with their ids."
            )
        chosen = [found[name] for name in ids]
        _require_droppable(chosen, installation)
        with console.status("Trying them once more"):
            return _tried(chosen, EventTries(installation) if installation else None)
    finally:
        _release(found.values())


def _require_droppable(chosen: Iterable[Held], installation: Installation | None) -> None:
    """What a function failed at says nothing of a redrive: only its try does."""
    may_succeed = []
    for queue, message in chosen:
        known, (_, goes_to) = described(queue, message), event_of(message.body)
        is_tried = installation and (known["droppable"] or goes_to in (NOTIFICATION, IMPORT))
        if known["readable"] and not is_tried:
            may_succeed.append(message.id)
    if may_succeed:
        raise OpsError(
            f"{', '.join(may_succeed)} may still succeed: nothing was dropped. Run it without "
            "DROP=."
        )


def _tried(chosen: Iterable[Held], tries: EventTries | None) -> list[Json]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        works = [(each, pool.submit(_try, *each, tries)) for each in chosen]
    results: list[Json] = []
    failed: list[Failed] = []
    errors: list[OpsError] = []
    for (queue, message), work in works:
        try:
            results.append(work.result())
        except OpsError as error:
            errors.append(error)
        else:
            if results[-1]["result"] == "failed":
                failed.append((queue, message, results[-1]))
    try:
        if tries:
            tries.complete(failed, deletes_final=True)
    except OpsError as error:
        errors.append(error)
    if errors:
        done = handled(results)
        raise type(errors[0])(f"{errors[0]} Nevertheless: {done}." if done else str(errors[0]))
    return results


def _try(queue: EventQueue, message: Message, tries: EventTries | None) -> Json:
    result = described(queue, message)
    if tries is None or not result["readable"]:
        result |= {"result": "left", "reason": "nothing can process it"}
    else:
        result = tries.run(queue, message)
    if result["result"] == "left" and result["droppable"]:
        queue.delete(message)
        result["result"] = "dropped"
    return result


def _take(queues: Sequence[EventQueue], found: Found, console: Console) -> None:
    """Receives what was in the queues before. What comes meanwhile is visible again then."""
    later: list[Held] = []
    try:
        for queue in queues:
            with console.status(f"Reading {queue.name}") as status:
                for batch, old in queue.earlier():
                    later += [(queue, message) for message in batch if message not in old]
                    found |= {message.id: (queue, message) for message in old}
                    status.update(f"Reading {queue.name}: {len(found)} events")
    finally:
        _release(later)


def _release(found: Iterable[Held]) -> None:
    for queue, message in found:
        queue.release([message])
