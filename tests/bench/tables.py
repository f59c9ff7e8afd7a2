"""The tables of docs/cost.md of what a deployment takes and costs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import cost, counts
from tests.bench.result import DEPLOYMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.bench.counts import Counts

DAYS = 30.4  # in a month
A_DAY = (100, 1000, 10_000)
PAGE = Path(__file__).parents[2] / "docs/cost.md"
MARK = "<!-- make bench, {}: {} -->"


def document(counted: Mapping[str, Counts]) -> str:
    return "\n\n".join((takes(counted), costs(counted), months(counted)))


def takes(counted: Mapping[str, Counts]) -> str:
    rows = {
        "Standard transitions": cost.transitions,
        "Express executions": lambda met: met.total(counts.EXECUTIONS, "intake"),
        "function invocations": lambda met: met.total(counts.INVOCATIONS),
        "calls of Qualys": lambda met: met.total(counts.QUALYS),
        "scans": lambda met: met.total(counts.EXECUTIONS, "scan"),
        "DynamoDB write units": lambda met: met.total(counts.UNITS, "write"),
        "DynamoDB read units": lambda met: met.total(counts.UNITS, "half read") / 2,
        "notifications": cost.notifications,
    }
    lines = [_row("a deployment takes, where", counted), _rule(counted)]
    for name, count in rows.items():
        each = (f"{count(met) / DEPLOYMENTS:.2f}" for met in counted.values())
        lines.append(_row(name, each))
    return "\n".join(lines)


def costs(counted: Mapping[str, Counts]) -> str:
    by_share = [cost.variable(met, DEPLOYMENTS) for met in counted.values()]
    title = f"{DEPLOYMENTS:,} deployments cost, at {cost.USUAL:,} a day, where"
    lines = [_row(title, counted), _rule(counted)]
    for name in by_share[0]:
        lines.append(_row(name, (f"${each[name]:.4f}" for each in by_share)))
    lines.append(_row("in all", (f"**${sum(each.values()):.3f}**" for each in by_share)))
    most = (f"${cost.starts(met.total(counts.INVOCATIONS)):.3f}" for met in counted.values())
    return "\n".join(lines) + (
        "\n\nThe cost includes cold starts that come at random over the day. "
        f"If each invocation were a cold start, it would be {', '.join(most)} more."
    )


def months(counted: Mapping[str, Counts]) -> str:
    fixed = cost.fixed()
    lines = [_row("a month costs, where", counted), _rule(counted)]
    for deployments in A_DAY:
        each = (f"${monthly(met, deployments):.2f}" for met in counted.values())
        lines.append(_row(f"{deployments:,} deployments a day", each))
    parts = ", ".join(f"{name} ${value:.2f}" for name, value in fixed.items())
    years = [sum(fixed.values()) + more for more in (0.0, *cost.rotations())]
    first, second, later = (f"${each:.2f}" for each in years)
    return "\n".join(lines) + (
        f"\n\nIn addition, without any deployment: {first} a month in the first year ({parts}), "
        f"{second} in the second and {later} later: the first two yearly rotations of the key "
        f"cost ${cost.rotations()[0]:.2f} a month each."
    )


def monthly(met: Counts, deployments_a_day: int) -> float:
    """Dollars, without what is fixed."""
    dollars = cost.variable(met, DEPLOYMENTS, deployments_a_day)
    return sum(dollars.values()) / DEPLOYMENTS * deployments_a_day * DAYS


def between_marks(part: str) -> str:
    """What the page has of a part, "deployments" or "growth"."""
    begin, end = MARK.format(part, "begin"), MARK.format(part, "end")
    found = re.search(f"{begin}\n(.*?)\n{end}", PAGE.read_text(), re.DOTALL)
    assert found, f"{PAGE.name} has no marks for {part}"
    return found[1]


def put_between_marks(part: str, text: str) -> None:
    PAGE.write_text(PAGE.read_text().replace(between_marks(part), text))


def _row(name: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join([name, *cells])} |"


def _rule(cells: Iterable[str]) -> str:
    return "| --- |" + " ---: |" * len(list(cells))
