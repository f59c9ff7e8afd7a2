"""How `redrive` shows the messages of the queues, and what came of them."""

from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console

from image_scan.notifications.plain_text import counted
from ops.printing import line
from ops.where import moment

Json = dict[str, Any]
# By whether something can process them.
_OF_DROPPABLE = {
    False: "Nothing can process {}. To delete:",
    True: "{} failed in the same way again. Fix the cause, and run it again. Only if what the "
    "event deployed is gone:",
}


def is_left(result: Json) -> bool:
    """Whether an event was to be processed, and is still queued."""
    return "result" in result and not _is_over(result)


def show(results: Sequence[Json], make: Callable[..., str], console: Console) -> None:
    """Prints a line for each message, then a sum, and what can be done about the rest. Results of a
    dry run have no `result`."""
    for each in results:
        line(_line(each), console)
    line(_sum(results), console)
    for is_readable, words in _OF_DROPPABLE.items():
        ids = [str(each["id"]) for each in results if _is_lost(each, readable=is_readable)]
        if ids:
            said = words.format(counted(len(ids), "message"))
            line(f"{said} {make('redrive', DROP=','.join(ids))}", console)


def handled(results: Sequence[Json]) -> str:
    """Counts what was processed and what was deleted; empty if nothing was."""
    done, deleted = (_count(results, each) for each in ("done", "dropped"))
    return f"{done} processed, {deleted} deleted" if done or deleted else ""


def _line(result: Json) -> str:
    what = result["event"] if result["readable"] else f"unreadable, {result['size']} characters"
    named = ", ".join(result["images"])
    why = result.get("reason") or result["error"]
    did = ": ".join(filter(None, (result.get("result", ""), why)))
    if result["failures"] > 1 and not _is_over(result):
        did += f"; failed {result['failures']} times for the same reason"
    sent = f"{moment(result['sent_at'])[:16]}Z" if result["sent_at"] else ""
    shown_id = result["id"] if result["droppable"] else ""
    return "  ".join(filter(None, (result["queue"], sent, what, shown_id, named, did)))


def _sum(results: Sequence[Json]) -> str:
    if not results:
        return "No event waits."
    if not all("result" in each for each in results):
        return f"{counted(len(results), 'event')} waiting."
    deleted = _count(results, "dropped")
    if deleted == len(results):
        return f"{counted(deleted, 'message')} deleted."
    rest = "; the others stay queued" if any(map(is_left, results)) else ""
    if deleted:
        return f"{handled(results)}{rest}."
    return f"{_count(results, 'done')} of {counted(len(results), 'event')} processed{rest}."


def _count(results: Sequence[Json], result: str) -> int:
    return len([each for each in results if each.get("result") == result])


def _is_lost(result: Json, *, readable: bool) -> bool:
    return result["droppable"] and result["readable"] == readable and not _is_over(result)


def _is_over(result: Json) -> bool:
    return result.get("result") in ("done", "dropped")
