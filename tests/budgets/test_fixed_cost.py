"""What an installation costs a month without any deployment, at the defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import image_scan
from image_scan.inventory.coverage import Found
from tests.bench import cost, tables

FUNCTIONS = Path(image_scan.__file__).parent


def test_it_is_the_figure_that_was_accepted() -> None:
    """Whoever changes it by more than 5 % changes the figure, too, and says so in the changelog."""
    assert sum(cost.fixed().values()) == pytest.approx(cost.PRICES["accepted"]["fixed"], rel=0.05)


def test_each_metric_of_the_functions_is_counted_or_is_not_always_there() -> None:
    sources = "".join(path.read_text() for path in FUNCTIONS.rglob("*.py"))
    named = set(re.findall(r'metrics\.count\(\s*"(\w+)"', sources))
    found = Found(left_out={"key"}, unreadable={("1", "us-east-1"): "no answer"})
    assert named | found.figures().keys() == cost.METRICS.keys() | cost.AT_TIMES


def test_the_page_says_what_each_team_costs() -> None:
    """`OverdueFindings` has a metric for each, and tags say how many there are."""
    price = cost.PRICES["fixed_per_month"]["metric"]
    said = f"`OverdueFindings` is ${price:.2f} a month more for each team with overdue findings"
    assert said in tables.PAGE.read_text()
