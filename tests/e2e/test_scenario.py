"""The demo's scenario, row by row."""

import json

import pytest

from sandbox.demo_view import outcome
from sandbox.install import Install
from sandbox.scenario import SECRET, Row, Scenario


@pytest.fixture(scope="module")
def played(install: Install) -> list[tuple[Row, Row]]:
    """(expected, seen) of every row."""
    scenario = Scenario(install)
    for _ in scenario.steps():
        pass
    install.settle()
    verdicts, told = install.verdicts(), install.notifications()
    scans = [install.scan_input(each["executionArn"]) for each in install.scans()]
    return [(row, outcome(row, verdicts, told, scans)[0]) for row in scenario.rows]


def test_every_image_has_the_verdict_that_was_expected(played: list[tuple[Row, Row]]) -> None:
    assert len(played) == 14
    for expected, seen in played:
        assert seen == expected


def test_a_secret_is_found_and_its_value_shown_nowhere(
    install: Install, played: list[tuple[Row, Row]]
) -> None:
    told = [list(install.scan_history(each["executionArn"])) for each in install.scans()]
    seen = json.dumps([install.verdicts(), told], default=str)
    assert "AWS Access Key" in seen
    assert SECRET not in seen


def test_all_five_verdicts_occur(played: list[tuple[Row, Row]]) -> None:
    verdicts = {seen.verdict for _, seen in played}
    assert verdicts == {"CLEAN", "FINDINGS", "UNSCANNABLE", "TIMEOUT", "ERROR"}
