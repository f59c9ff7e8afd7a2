"""The result of a run, to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.hostile.run import Course, Result

_MOST = 20


def report(result: Result) -> str:
    alone, attacked = result.alone, result.attacked
    shown = ", ".join(f"{number} {name}" for name, number in sorted(attacked.attacks.items()))
    return "\n".join(
        [
            f"{attacked.attacks.total()} attacks in {result.seconds:.0f} s: {shown}",
            f"  of these wait in the failed-events queue: {attacked.queued}",
            *_of("alone", alone),
            *_of("beside the attacker", attacked),
            f"an honest scan takes {result.times:.2f} times the calls",
            f"wrong: {len(result.wrong)}",
            *(f"  {each}" for each in result.wrong[:_MOST]),
        ]
    )


def _of(title: str, course: Course) -> list[str]:
    deployed = (
        f"{course.deployed} deployments, {course.notified} workloads notified, "
        f"{course.most} workloads in one notification at most"
    )
    return [title, f"  honest  {deployed}", f"  scans   {course.figures}"]
