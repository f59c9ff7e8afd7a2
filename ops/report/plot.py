"""Plots coverage over time as a line, in the units of an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops.report.contents import Reconciled

WIDTH, HEIGHT = 720, 200
LEFT, RIGHT, TOP, BOTTOM = 64, 48, 16, 36
_MOST_DATES = 4


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    says: str


@dataclass(frozen=True)
class Plot:
    """`line` is the polyline's points; `dates` label the axis below."""

    points: Sequence[Point]
    line: str
    levels: Sequence[Point]
    dates: Sequence[Point]


def coverage(course: Sequence[Reconciled]) -> Plot:
    """Plots percentages from 0 to 100. Needs at least one reconciliation."""
    first, last = course[0].at, course[-1].at
    points = [
        Point(
            _x(each.at, first, last),
            _y(each.percent),
            says(each),
        )
        for each in course
    ]
    return Plot(
        points=points,
        line=" ".join(f"{point.x},{point.y}" for point in points),
        levels=[Point(LEFT, _y(percent), f"{percent} %") for percent in (0, 25, 50, 75, 100)],
        dates=_dates(first, last),
    )


def says(each: Reconciled) -> str:
    """Describes a reconciliation: `2026-02-06 02:40: 50 %, 5 of 10 images`."""
    scannable = each.running - each.unscannable
    return f"{each.at:%Y-%m-%d %H:%M}: {each.percent} %, {each.fresh} of {scannable} images"


def _dates(first: datetime, last: datetime) -> list[Point]:
    days = (last - first) / timedelta(days=1)
    shown = min(_MOST_DATES, int(days) + 1)
    if shown == 1:
        return [Point(_x(first, first, last), HEIGHT, f"{first:%Y-%m-%d}")]
    moments = [first + (last - first) * number / (shown - 1) for number in range(shown)]
    return [Point(_x(at, first, last), HEIGHT, f"{at:%Y-%m-%d}") for at in moments]


def _x(at: datetime, first: datetime, last: datetime) -> float:
    share = (at - first) / (last - first) if last > first else 0.5
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(percent: int) -> float:
    return round(TOP + (100 - percent) / 100 * (HEIGHT - TOP - BOTTOM), 1)
