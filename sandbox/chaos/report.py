"""The ledger of a run, to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from sandbox.chaos.ledger import Ledger
    from sandbox.chaos.run import Result

_MOST = 20


def report(result: Result) -> str:
    faults = sum(result.faults.values())
    lines = [f"{faults} faults in {result.seconds:.0f} s: {_counted(result.faults)}"]
    for title, ledger in (("while it failed", result.before), ("after redrive", result.after)):
        lines += ["", title, *_ledger(ledger)]
    return "\n".join(lines)


def _ledger(ledger: Ledger) -> list[str]:
    scans = {
        f"{number} each" if number > 1 else "one each": n for number, n in _sorted(ledger.scans)
    }
    rows = [
        f"  events         {ledger.by_event.total()} = {_counted(ledger.by_event)}",
        f"  of tasks       {ledger.by_task_event.total()} = {_counted(ledger.by_task_event)}",
        f"  by hand        {ledger.by_request.total()} = {_counted(ledger.by_request)}",
        f"  images         {sum(ledger.by_verdict.values())} = {_counted(ledger.by_verdict)}",
        f"  scans          of {sum(ledger.scans.values())} images: {_counted(scans)}",
        f"  notifications  {sum(ledger.told.values())} = {_counted(ledger.told)}",
        f"  told again     {len(ledger.told_again)}, though known {len(ledger.needless)}",
        f"  wrong          {len(ledger.wrong)}",
    ]
    return rows + [f"    {each}" for each in ledger.wrong[:_MOST]]


def _counted(counts: Mapping[str, int]) -> str:
    shown = [f"{number} {name}" for name, number in sorted(counts.items()) if number]
    return ", ".join(shown) or "none"


def _sorted(counts: Counter[int]) -> list[tuple[int, int]]:
    return sorted(counts.items())
