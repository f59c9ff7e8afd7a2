"""By when a finding has to be remedied, and what is overdue."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from image_scan.errors import ConfigurationError
from image_scan.findings.ages import Deadlines, open_days
from image_scan.findings.encoding import Finding

TODAY = date(2026, 3, 10)
DEADLINES = Deadlines.read({"critical": 7, "low": 90})


def finding(days: int, severity: int = 5, qid: int = 1) -> Finding:
    since = TODAY.toordinal() - days
    return Finding(qid, severity, False, True, (), None, since)


@pytest.mark.parametrize(
    ("days", "severity", "due", "overdue"),
    [
        (7, 5, date(2026, 3, 10), False),
        (8, 5, date(2026, 3, 9), True),
        (99, 4, None, False),
        (91, 2, date(2026, 3, 9), True),
        (91, 1, date(2026, 3, 9), True),
    ],
)
def test_the_last_day_is_not_overdue_and_a_level_without_days_never(
    days: int, severity: int, due: date | None, overdue: bool
) -> None:
    met = finding(days, severity)
    assert (DEADLINES.due(met), DEADLINES.is_overdue(met, TODAY)) == (due, overdue)
    assert open_days(met, TODAY) == days


def test_a_finding_of_unknown_age_has_no_deadline() -> None:
    assert DEADLINES.due(finding(0)._replace(since=0)) is None


def test_a_finding_that_does_not_count_has_no_deadline() -> None:
    """The threshold was raised after it was notified."""
    raised = Deadlines({"critical": 7, "high": 7}, lambda each: each.severity == 5)
    severe, mild = finding(8), finding(8, 4, qid=2)
    assert (raised.due(severe), raised.due(mild)) == (date(2026, 3, 9), None)
    assert raised.overdue([severe, mild], TODAY) == [severe]


def test_a_qid_counts_once_and_the_earliest_deadline_comes_first() -> None:
    several = [finding(8), finding(9, qid=2), finding(10), finding(8, qid=0), finding(8, qid=0)]
    assert DEADLINES.overdue(several, TODAY) == [several[2], several[1], several[3], several[4]]


class Counted(Finding):
    """Counts how often findings are compared with each other."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return super().__eq__(other)

    __hash__ = Finding.__hash__


@pytest.mark.attack(15)
def test_what_is_overdue_takes_time_in_proportion_to_it() -> None:
    met = [Counted(*finding(8 + at % 5, qid=at)) for at in range(500)]
    assert len(DEADLINES.overdue(met, TODAY)) == 500
    assert Counted.compared <= 500


@pytest.mark.parametrize("wrong", [{"severe": 7}, {"critical": 0}, {"critical": "7"}, {"low": 1.5}])
def test_what_is_no_days_by_severity_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="REMEDIATION_DAYS"):
        Deadlines.read(wrong)
