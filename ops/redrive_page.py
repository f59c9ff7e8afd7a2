"""How `redrive` shows the messages of the queues, and what came of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console

from image_scan.notifications.plain_text import counted
from ops.printing import line
from ops.where import moment

Json = dict[str, Any]


def is_left(result: Mapping[str, Any]) -> bool:
    """Whether an event was to be processed, and is still queued."""
    return result.get("result", "done") not in ("done", "dropped")


def show(results: Sequence[Json], make: Callable[..., str], console: Console) -> None:
    """Prints a line for each message, then a sum, and what can be done about the rest. Results of a
    dry run have no `result`."""
    for each in results:
        line(_line(each), console)
    line(_sum(results), console)
    if lost := [str(each["id"]) for each in results if _is_lost(each)]:
        line(
            f"Nothing can process {counted(len(lost), 'message')}. To delete: "
            f"{make('redrive', DROP=','.join(lost))}",
            console,
        )


def _line(result: Json) -> str:
    what = result["event"] if result["readable"] else f"unreadable, {result['size']} characters"
    named = ", ".join(result["images"])
    why = result.get("reason") or result["error"]
    did = ": ".join(filter(None, (result.get("result", ""), why)))
    sent = f"{moment(result['sent_at'])[:16]}Z" if result["sent_at"] else ""
    shown_id = "" if result["readable"] else result["id"]
    return "  ".join(filter(None, (result["queue"], sent, what, shown_id, named, did)))


def _sum(results: Sequence[Json]) -> str:
    if not results:
        return "No event waits."
    if not all("result" in each for each in results):
        return f"{counted(len(results), 'event')} waiting."
    if all(each["result"] == "dropped" for each in results):
        return f"{counted(len(results), 'message')} deleted."
    done = len([each for each in results if not is_left(each)])
    rest = "" if done == len(results) else "; the others stay queued"
    return f"{done} of {counted(len(results), 'event')} processed{rest}."


def _is_lost(result: Json) -> bool:
    return not result["readable"] and result.get("result") != "dropped"
