"""A gateway that lists the same again, cut short, in another order, with other times: no finding
counts twice, and what Qualys counts and does not list is never missed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pipeline import REPOSITORY, Pipeline, ended, reason, verdict

VULN = "/images/[0-9a-f]{64}/vuln"
MOVING: list[dict[str, Any]] = [
    {},
    {"vuln_times": "of the answer"},
    {"vuln_order": "changing"},
]
# How a list of six ends after three of them, or after one.
CUT: list[dict[str, Any]] = [
    {"vuln_most": 3},
    {"vuln_page_size": 3, "vuln_page_number": "ignored"},
    {"vuln_most": 1, "vuln_shape": "object"},
]
# Only its first half is potential: what is cut off are the findings that count.
CONFIRMED_LAST = [
    {
        "qid": 100 + number,
        "title": f"finding {number}",
        "severity": severity,
        "typeDetected": "POTENTIAL" if number < 3 else "CONFIRMED",
        "cveids": [f"CVE-2026-{number}", f"CVE-2025-{number}"],
    }
    for number, severity in enumerate([4, 4, 5, 5, 5, 4])
]


def name(switches: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in switches.items()) or "as it was"


def without_summary(pipeline: Pipeline) -> None:
    pipeline.wire.rewrites[VULN] = lambda body: {**body, "vulnSummary": {}}


@pytest.mark.parametrize("moving", MOVING, ids=name)
@pytest.mark.parametrize("cut", CUT, ids=name)
@pytest.mark.parametrize("summarised", [True, False], ids=["summary", "no summary"])
def test_what_a_short_list_leaves_out_is_never_clean(
    connected: Pipeline, cut: dict[str, Any], moving: dict[str, Any], summarised: bool
) -> None:
    """The same page again and again must not fill up what is missing."""
    connected.qualys.behave(**cut, **moving)
    connected.qualys.set_findings(REPOSITORY, CONFIRMED_LAST)
    if not summarised:
        without_summary(connected)
    run = connected.scan()
    assert ended(run) == ("ERROR", "UnexpectedAnswer")
    assert [message["verdict"] for message in connected.notifications()] == ["ERROR"]


@pytest.mark.parametrize("moving", MOVING, ids=name)
@pytest.mark.parametrize("severities", [(5, 5, 4, 4, 4, 3), (3, 3, 3, 2, 2, 2)], ids=str)
def test_findings_that_are_listed_in_part_are_not_reported_as_all_there_are(
    connected: Pipeline, severities: tuple[int, ...], moving: dict[str, Any]
) -> None:
    connected.qualys.behave(vuln_most=3, **moving)
    connected.find(*severities, cveids=["CVE-2026-1", "CVE-2026-2"])
    run = connected.scan()
    assert ended(run) == ("ERROR", "UnexpectedAnswer")
    assert "lists 3" in reason(run)


@pytest.mark.parametrize("order", ["sorted", "changing"])
def test_critical_findings_beyond_a_short_list_are_not_counted_as_high_ones(
    connected: Pipeline, order: str
) -> None:
    """Two critical and one high were counted as three high."""
    connected.qualys.behave(vuln_most=1, vuln_times="of the answer", vuln_order=order)
    connected.find(4, 5, 5)
    run = connected.scan()
    assert verdict(run) == "ERROR"
    assert "1 high" in reason(run) or "1 critical" in reason(run)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"vuln_order": "changing"},
        {"vuln_page_size": 2},
        {"vuln_page_size": 6, "vuln_page_number": "ignored", "vuln_order": "changing"},
        {"vuln_page_size": 1, "vuln_times": "of the answer"},
        {"vuln_page_size": 4, "counted": "confirmed", "image_vulnerabilities": "counts"},
    ],
    ids=name,
)
def test_a_whole_list_gives_the_same_counts_however_it_is_answered(
    connected: Pipeline, how: dict[str, Any]
) -> None:
    connected.qualys.behave(**how)
    connected.qualys.set_findings(REPOSITORY, CONFIRMED_LAST)
    assert ended(connected.scan()) == ("FINDINGS", "")
    (message,) = connected.notifications()
    assert message["counts"] == {"critical": 2, "high": 1, "medium": 0, "low": 0}
    assert message["potential"] == {"critical": 1, "high": 2, "medium": 0, "low": 0}


def test_a_page_number_that_is_ignored_does_not_count_a_finding_twice(connected: Pipeline) -> None:
    """The record counts an exempted finding that the list hides: a further page is asked for."""
    connected.qualys.behave(vuln_times="of the answer", vuln_order="changing")
    queued = {"qid": 1, "title": "exempted", "severity": 5, "isExempted": True}
    connected.qualys.set_findings(REPOSITORY, [queued, *CONFIRMED_LAST])
    assert ended(connected.scan()) == ("FINDINGS", "")
    (message,) = connected.notifications()
    assert message["counts"] == {"critical": 2, "high": 1, "medium": 0, "low": 0}
    assert message["exempted"] == 1


@pytest.mark.parametrize("rating", [4, 5])
def test_a_finding_that_is_listed_twice_on_a_page_is_one(connected: Pipeline, rating: int) -> None:
    """The worse of its ratings counts."""
    connected.find(4, 3)
    connected.wire.rewrites[VULN] = lambda body: {
        **body,
        "details": [
            *body["details"],
            *({**each, "severity": rating, "customerSeverity": rating, "lastFound": "1"}
              for each in body["details"] if each["severity"] == 4),
        ],
    }  # fmt: skip
    assert ended(connected.scan()) == ("FINDINGS", "")
    (message,) = connected.notifications()
    worst = {4: {"critical": 0, "high": 1}, 5: {"critical": 1, "high": 0}}[rating]
    assert message["counts"] == {**worst, "medium": 1, "low": 0}


def test_findings_of_one_qid_in_two_packages_are_two(connected: Pipeline) -> None:
    packages = [
        {"name": "log4j", "version": "2.14.0", "packagePath": path}
        for path in ("/app/a.jar", "/app/b.jar")
    ]
    connected.qualys.set_findings(
        REPOSITORY,
        [{"qid": 1, "title": "log4shell", "severity": 5, "software": [each]} for each in packages],
    )
    assert ended(connected.scan()) == ("FINDINGS", "")
    (message,) = connected.notifications()
    assert message["counts"]["critical"] == 2
