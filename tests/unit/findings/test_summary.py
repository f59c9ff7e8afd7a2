"""Counting what Qualys lists."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_scan.errors import UnexpectedAnswer
from image_scan.findings import encoding
from image_scan.findings.summary import summarise
from tests.support.builders import finding, total


def test_nothing_listed_is_clean() -> None:
    outcome = summarise([])
    assert outcome["verdict"] == "CLEAN"
    assert outcome["counts"] == {"critical": 0, "high": 0, "medium": 0, "low": 0}


def test_severities_are_counted_by_qualys_scale() -> None:
    outcome = summarise([finding(level) for level in (5, 4, 4, 3, 2, 1)])
    assert outcome["verdict"] == "FINDINGS"
    assert outcome["counts"] == {"critical": 1, "high": 2, "medium": 1, "low": 2}


def test_potential_and_exempted_findings_are_counted_apart() -> None:
    outcome = summarise([finding(5, typeDetected="POTENTIAL"), finding(5, isExempted=True)])
    assert outcome["verdict"] == "CLEAN"
    assert outcome["potential"]["critical"] == 1
    assert outcome["exempted"] == 1


@pytest.mark.parametrize("kind", ["CONFIRMED", "confirmed", None, "", "SOMETHING_NEW", 7])
def test_what_is_not_said_to_be_otherwise_is_confirmed(kind: Any) -> None:
    assert summarise([finding(typeDetected=kind)])["verdict"] == "FINDINGS"


def test_gathered_information_is_no_finding() -> None:
    assert summarise([finding(typeDetected="INFORMATION_GATHERED")])["verdict"] == "CLEAN"


def test_the_customers_severity_counts_where_one_is_set() -> None:
    assert summarise([finding(5, customerSeverity=3)])["counts"]["medium"] == 1
    assert summarise([finding(5, customerSeverity="4")])["counts"]["high"] == 1
    assert summarise([finding(5, customerSeverity=0)])["counts"]["critical"] == 1


@pytest.mark.parametrize("severity", [None, 0, 6, "", "high", True, 4.5, [], "9" * 5000])
def test_a_finding_without_a_severity_does_not_vanish(severity: Any) -> None:
    with pytest.raises(UnexpectedAnswer):
        summarise([finding(severity=severity, customerSeverity=None)])


def test_the_worst_ten_are_named() -> None:
    entries = [finding(1, qid=n) for n in range(20)] + [finding(5, qid=99)]
    top = summarise(entries)["top"]
    assert len(top) == 10
    assert top[0] == {
        "qid": 99,
        "title": "Security update for expat",
        "severity": 5,
        "cves": ["CVE-2022-25235"],
        "packages": ["expat 2.1.0-10"],
        "fixes": ["expat 2.1.0-14"],
        "patch": False,
        "exploited": False,
        "exploit": False,
        "qds": None,
    }


@pytest.mark.parametrize("sign", ["activeAttacks", "publicExploit", "easyExploit", "exploitKit"])
def test_an_exploit_and_a_patch_are_named(sign: str) -> None:
    (top,) = summarise([finding(threatIntel={sign: True}, patchAvailable=True)])["top"]
    assert (top["exploit"], top["patch"]) == (True, True)
    (top,) = summarise([finding(threatIntel={sign: None, "noPatch": True})])["top"]
    assert (top["exploit"], top["patch"]) == (False, False)


def test_what_can_be_fixed_is_counted_and_all_are_listed() -> None:
    unfixed = {"software": [{"name": "expat", "version": "1", "fixVersion": None}]}
    outcome = summarise(
        [
            finding(5, qid=1),
            finding(5, qid=2, **unfixed),
            finding(4, qid=3, **unfixed, patchAvailable=True),
            finding(4, qid=4, typeDetected="POTENTIAL"),
            finding(5, qid=5, isExempted=True),
        ]
    )
    assert outcome["counts"] == {"critical": 2, "high": 1, "medium": 0, "low": 0}
    assert outcome["fixable"] == {"critical": 1, "high": 1, "medium": 0, "low": 0}
    listed = encoding.unpack(outcome["listed"]) or []
    assert [(each.qid, each.severity, each.potential, each.fixable) for each in listed] == [
        (1, 5, False, True),
        (2, 5, False, False),
        (3, 4, False, True),
        (4, 4, True, True),
    ]
    assert listed[0].cves == ("CVE-2022-25235",)


def test_what_is_named_can_be_stored() -> None:
    """Half characters, numbers of any size and lists of another kind: no table takes them."""
    odd = finding(qid=10**40, title="t\ud800", cveids=["C" * 900, 7], software=5)
    (top,) = summarise([odd])["top"]
    assert top == {"qid": 0, "title": "t?", "severity": 5, "cves": ["C" * 40]} | {
        "packages": [],
        "fixes": [],
        "patch": False,
        "exploited": False,
        "exploit": False,
        "qds": None,
    }
    long = [{"name": f"{number}{'n' * 900}"} for number in range(90)]
    many = finding(title="t" * 9000, cveids=["C"] * 90, software=long)
    (top,) = summarise([many])["top"]
    assert (len(top["title"]), len(top["cves"]), len(top["packages"])) == (200, 10, 5)
    assert len(top["packages"][0]) == 100


_LOOSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ["qid", "title", "typeDetected", "cveids", "software", "isExempted"], _LOOSE
            )
            | {"severity": st.integers(0, 6) | _LOOSE, "customerSeverity": st.none() | _LOOSE},
        ),
        max_size=4,
    )
)
def test_every_entry_is_counted_or_refused(entries: list[dict[str, Any]]) -> None:
    try:
        outcome = summarise(entries)
    except UnexpectedAnswer:
        return
    informed = [e for e in entries if str(e.get("typeDetected") or "").upper().startswith("INFO")]
    counted = total(outcome["counts"]) + total(outcome["potential"])
    assert counted + outcome["exempted"] + len(informed) >= len(entries)
    assert (outcome["verdict"] == "CLEAN") == (total(outcome["counts"]) == 0)


@pytest.mark.parametrize(
    ("qid", "read"),
    [(7, 7), (10**12 - 1, 10**12 - 1), (10**12, 0), (True, 0), ("7", 0), (None, 0), (1.5, 0)],
)
def test_a_qid_is_a_whole_number(qid: Any, read: int) -> None:
    (found,) = summarise([finding(qid=qid)])["top"]
    assert (type(found["qid"]), found["qid"]) == (int, read)
