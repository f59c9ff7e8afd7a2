"""The judgement of a run, to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from sandbox.chaos.run import Result
    from sandbox.chaos.seen import Judgement

_MOST = 20


def report(result: Result) -> str:
    faults = sum(result.faults.values())
    lines = [f"{faults} faults in {result.seconds:.0f} s: {_counted(result.faults)}"]
    for title, judgement in (("while it failed", result.before), ("after redrive", result.after)):
        lines += ["", title, *_figures(judgement)]
    return "\n".join(lines)


def _figures(judgement: Judgement) -> list[str]:
    scans = {
        f"{number} each" if number > 1 else "one each": n for number, n in _sorted(judgement.scans)
    }
    rows = [
        f"  events         {judgement.by_event.total()} = {_counted(judgement.by_event)}",
        f"  of tasks       {judgement.by_task_event.total()} = {_counted(judgement.by_task_event)}",
        f"  by hand        {judgement.by_request.total()} = {_counted(judgement.by_request)}",
        f"  images         {sum(judgement.by_verdict.values())} = {_counted(judgement.by_verdict)}",
        f"  scans          of {sum(judgement.scans.values())} images: {_counted(scans)}",
        f"  notifications  {judgement.notifications.total()} = {_counted(judgement.notifications)}",
        f"  repeated       {len(judgement.notified_again)}, though known {len(judgement.needless)}",
        f"  out of scope   {judgement.out_of_scope.total()} = {_counted(judgement.out_of_scope)}",
        f"  wrong          {len(judgement.wrong)}",
    ]
    return rows + [f"    {each}" for each in judgement.wrong[:_MOST]]


def _counted(counts: Mapping[str, int]) -> str:
    shown = [f"{number} {name}" for name, number in sorted(counts.items()) if number]
    return ", ".join(shown) or "none"


def _sorted(counts: Counter[int]) -> list[tuple[int, int]]:
    return sorted(counts.items())
