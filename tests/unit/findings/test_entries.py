"""What a finding is, and what is left of it when it is listed more than once."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.errors import UnexpectedAnswer
from image_scan.findings import summary
from image_scan.findings.entries import distinct, identity, kind_of, severity_of
from tests.support.builders import finding

EXPAT = {"name": "expat", "version": "2.1.0-10", "packagePath": "/usr/lib"}
ZLIB = {"name": "zlib", "version": "1.2", "packagePath": None}


@pytest.mark.parametrize(
    "moved",
    [
        {"firstFound": "1", "lastFound": "2"},
        {"cveids": ["CVE-2", "CVE-1"]},
        {"severity": 1},
        {"customerSeverity": 1},
        {"typeDetected": "POTENTIAL"},
        {"isExempted": True},
        {"qdsScore": 3, "risk": 4, "result": "other", "threatIntel": {"zeroDay": True}},
        {"title": "another"},
        {"qid": "351234"},
        {"patchAvailable": True, "published": 7, "cvss3Info": None},
        {"software": [{"name": "expat", "version": "2.1.0-10", "fixVersion": None}]},
    ],
    ids=str,
)
def test_what_moves_is_no_part_of_what_a_finding_is(moved: dict[str, Any]) -> None:
    assert identity(finding(**moved)) == identity(finding())
    assert len(distinct([finding(), finding(**moved)])) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"qid": 1},
        {"software": [EXPAT]},
        {"software": [{**EXPAT, "packagePath": "/opt/lib"}]},
        {"software": [{**EXPAT, "version": "2.2"}]},
        {"software": [EXPAT, ZLIB]},
        {"software": []},
        {"port": 443},
        {"layerSha": "a" * 64},
    ],
    ids=str,
)
def test_what_lies_elsewhere_is_another_finding(other: dict[str, Any]) -> None:
    assert len(distinct([finding(), finding(**other)])) == 2


def test_a_qid_may_be_text_of_twelve_digits() -> None:
    number = 10**12 - 1
    assert identity(finding(qid=str(number))) == identity(finding(qid=number))


def test_the_order_of_packages_makes_no_other_finding() -> None:
    entries = [finding(software=[EXPAT, ZLIB]), finding(software=[ZLIB, EXPAT])]
    (one,) = distinct(entries)
    assert one["software"] == [EXPAT, ZLIB]


@pytest.mark.parametrize("qid", [None, "", "x", "9" * 40, 1.0, True, [1]], ids=str)
def test_findings_without_a_qid_are_distinguished_by_their_packages_or_not_at_all(qid: Any) -> None:
    """To count them once or twice would be a guess."""
    entries: list[Any] = [finding(qid=qid), finding(qid=qid, software=[EXPAT]), finding()]
    assert distinct(entries) == entries
    with pytest.raises(UnexpectedAnswer, match="QID"):
        distinct([*entries, finding(qid=None, title="another")])


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("one", "other", "due"),
    [
        ({"severity": 3, "customerSeverity": 3}, {"severity": 5, "customerSeverity": 5}, 5),
        ({"severity": 5, "customerSeverity": None}, {"severity": 5, "customerSeverity": 2}, 5),
        ({"severity": 5, "customerSeverity": 2}, {"severity": 5, "customerSeverity": 1}, 2),
        ({"severity": 1, "customerSeverity": "4"}, {"severity": "5", "customerSeverity": None}, 5),
    ],
)
def test_the_worst_severity_stays(
    one: dict[str, Any], other: dict[str, Any], due: int, turned: bool
) -> None:
    entries = [finding(**one), finding(**other)]
    (joined,) = distinct(reversed(entries) if turned else entries)
    assert severity_of(joined) == due


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("one", "other", "due"),
    [
        ({"typeDetected": "POTENTIAL"}, {"typeDetected": "CONFIRMED"}, "confirmed"),
        ({"typeDetected": "INFO"}, {"typeDetected": "POTENTIAL"}, "potential"),
        ({"typeDetected": "POTENTIAL"}, {"typeDetected": None}, "confirmed"),
        ({"isExempted": True}, {"isExempted": False}, "confirmed"),
        ({"isExempted": True}, {"isExempted": None}, "confirmed"),
        ({"isExempted": True}, {"isExempted": True}, "exempted"),
        ({"isExempted": True, "typeDetected": "POTENTIAL"},
         {"isExempted": True, "typeDetected": "CONFIRMED"}, "exempted"),
    ],
)  # fmt: skip
def test_what_counts_stays(
    one: dict[str, Any], other: dict[str, Any], due: str, turned: bool
) -> None:
    entries = [finding(**one), finding(**other)]
    (joined,) = distinct(reversed(entries) if turned else entries)
    assert kind_of(joined) == due


@pytest.mark.parametrize("turned", [False, True])
def test_a_fix_and_a_threat_in_either_stay(turned: bool) -> None:
    bare = finding(
        software=[{"name": "expat", "version": "2.1.0-10", "fixVersion": None}],
        patchAvailable=True,
        threatIntel={"activeAttacks": True, "zeroDay": None},
        cveids=None,
    )
    stated = finding(patchAvailable=None, threatIntel={"activeAttacks": None, "zeroDay": True})
    (joined,) = distinct([stated, bare] if turned else [bare, stated])
    (top,) = summary.summarise([joined])["top"]
    assert (top["fixes"], top["patch"]) == (["expat 2.1.0-14"], True)
    assert (top["exploit"], top["cves"]) == (True, ["CVE-2022-25235"])
    assert joined["threatIntel"] == {"activeAttacks": True, "zeroDay": True}


@pytest.mark.parametrize("odd", [None, "x", [None, 1, "expat"], {"name": "expat"}], ids=str)
def test_packages_in_no_known_form_are_none(odd: Any) -> None:
    assert identity(finding(software=odd)) == identity(finding(software=[]))
    assert len(distinct([finding(software=odd)] * 2)) == 1


def test_a_finding_is_left_as_it_is_listed_where_it_is_listed_once() -> None:
    entries = [finding(), finding(qid=2)]
    assert distinct(entries) == entries
