"""Where the fixed version of a finding stands, and in which forms."""

from typing import Any

import pytest

from tests.sandbox.qualys.caller import Caller

SHA = "a" * 64
EXPAT = {"name": "expat:amd64", "version": "2.1.0-10_x86_64", "fixVersion": "2.1.0-14"}
ZLIB = {"name": "zlib", "version": "1.2.11", "fixVersion": None}
FOUND = [
    {"qid": 1, "title": "one", "severity": 5, "software": [EXPAT, ZLIB]},
    {"qid": 2, "title": "two", "severity": 3, "software": [EXPAT]},
]
HEADER = "Package Installed_Version Required_Version"


@pytest.fixture
def known(caller: Caller) -> Caller:
    caller.control.know_image(SHA, scanned_seconds_ago=60, findings=FOUND)
    return caller


def first(caller: Caller) -> Any:
    return caller.get(f"/images/{SHA}/vuln").json()["details"][0]


def softwares(caller: Caller) -> Any:
    return caller.get(f"/images/{SHA}").json()["softwares"]


def test_a_fix_stands_in_all_three_sources(known: Caller) -> None:
    assert [one["fixVersion"] for one in first(known)["software"]] == ["2.1.0-14", None]
    rows = softwares(known)
    assert [(one["name"], one["fixVersion"]) for one in rows] == [
        ("expat:amd64", "2.1.0-14"),
        ("zlib", None),
    ]
    assert [one["vulnerabilities"] for one in rows] == [[{"qid": 1}, {"qid": 2}], [{"qid": 1}]]
    assert first(known)["result"].splitlines() == [
        '#table cols="3"',
        HEADER,
        "expat 2.1.0-10__x86__64 2.1.0-14",
    ]


@pytest.mark.parametrize("source", ["vulnerability", "image", "table"])
def test_a_fix_stands_in_one_source_alone(known: Caller, source: str) -> None:
    known.control.behave(SHA, fix_sources=[source])
    assert (first(known)["software"][0]["fixVersion"] is not None) == (source == "vulnerability")
    inner = known.get(f"/images/{SHA}").json()["vulnerabilities"][0]
    assert inner == first(known), "the details list the same objects"
    assert (softwares(known)[0]["fixVersion"] is not None) == (source == "image")
    assert ("2.1.0-14" in first(known)["result"]) == (source == "table")


@pytest.mark.parametrize(
    ("form", "seen"),
    [
        ("null", None),
        ("counts", {f"severity{level}Count": int(level in (3, 5)) for level in range(1, 6)}),
    ],
)
def test_what_a_package_says_of_its_findings(known: Caller, form: str, seen: Any) -> None:
    known.control.behave(SHA, software_vulnerabilities=form)
    assert softwares(known)[0]["vulnerabilities"] == seen


def test_a_package_may_hold_its_findings_whole(known: Caller) -> None:
    known.control.behave(SHA, software_vulnerabilities="objects")
    assert [one["title"] for one in softwares(known)[0]["vulnerabilities"]] == ["one", "two"]


def test_the_list_of_software_counts_its_findings(known: Caller) -> None:
    """So it cannot be joined by QID."""
    rows = known.get(f"/images/{SHA}/software").json()["data"]
    assert rows[0]["vulnerabilities"]["severity5Count"] == 1


@pytest.mark.parametrize(("form", "there"), [("null", True), ("absent", False)])
def test_a_finding_may_list_no_software(known: Caller, form: str, there: bool) -> None:
    known.control.behave(SHA, vuln_software=form)
    assert ("software" in first(known)) is there
    assert not first(known).get("software")
    assert "expat 2.1.0-10__x86__64 2.1.0-14" in first(known)["result"]


def test_a_table_in_its_odd_forms(known: Caller) -> None:
    row = "expat 2.1.0-10__x86__64 2.1.0-14"
    for form, lines in (
        ("tabs", [HEADER.replace(" ", "\t"), row.replace(" ", "\t")]),
        ("repeated", [HEADER, row, row]),
        ("more_columns", [f"{HEADER} Path", f"{row} /usr/lib/x"]),
        ("prose", ["Detected on port 22", HEADER, row, "", "Not vulnerable: kernel 5"]),
    ):
        known.control.behave(SHA, result_table=[form])
        assert first(known)["result"].splitlines()[1:] == lines


@pytest.mark.parametrize(
    "stated",
    [
        {"result": "Kernel 5 is running"},
        {"qdsScore": None},
        {"threatIntel": None},
        {"threatIntel": {"cisaKev": True, "unknownName": 7}},
    ],
)
def test_what_is_set_for_a_finding_is_shown_as_given(
    caller: Caller, stated: dict[str, Any]
) -> None:
    one = {"qid": 1, "title": "one", "severity": 5, **stated}
    caller.control.know_image(SHA, scanned_seconds_ago=60, findings=[one])
    assert {name: first(caller)[name] for name in stated} == stated
