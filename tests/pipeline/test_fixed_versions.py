"""A fixed version is found in whichever of the three sources Qualys names it in."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.findings import fixes
from tests.support.pipeline import Pipeline, verdict

EXPAT = {"name": "expat", "version": "2.1.0-10_x86_64", "fixVersion": "2.1.0-14"}
ZLIB = {"name": "zlib", "version": "1.2.11", "fixVersion": None}
# Without `patchAvailable`, the fixed version alone says that there is a fix.
FOUND: Any = [
    {"qid": 1, "title": "one", "severity": 5, "patchAvailable": None, "software": [EXPAT, ZLIB]},
    {"qid": 2, "title": "two", "severity": 5, "patchAvailable": None, "software": [ZLIB]},
]


def sent(pipeline: Pipeline, **switches: Any) -> dict[str, Any]:
    pipeline.qualys.set_findings("shop/app", FOUND)
    pipeline.qualys.behave(**switches)
    assert verdict(pipeline.scan()) == "FINDINGS"
    (message,) = pipeline.notifications()
    assert message["counts"] == {"critical": 2, "high": 0, "medium": 0, "low": 0}
    return message


@pytest.mark.parametrize(
    ("source", "listed"),
    [
        *((source, "listed") for source in ("vulnerability", "image", "table")),
        *((source, listed) for source in ("image", "table") for listed in ("null", "absent")),
    ],
)
def test_a_fix_is_found_in_each_source_alone(connected: Pipeline, source: str, listed: str) -> None:
    message = sent(connected, fix_sources=[source], vuln_software=listed)
    assert message["fixable"]["critical"] == 1
    one, two = message["findings"]
    assert (one["fixes"], two["fixes"]) == (["expat 2.1.0-14"], [])
    assert one["packages"][0] == "expat 2.1.0-10_x86_64"
    assert connected.calls().count("GET /images/{sha}") == 1, "asked for no more than before"


def test_a_fix_in_all_sources_is_notified_once(connected: Pipeline) -> None:
    (one, _) = sent(connected)["findings"]
    assert one["fixes"] == ["expat 2.1.0-14"]


def test_a_fix_in_no_source_is_none(connected: Pipeline) -> None:
    message = sent(connected, fix_sources=[])
    assert message["fixable"]["critical"] == 0
    assert [each["fixes"] for each in message["findings"]] == [[], []]


@pytest.mark.parametrize(
    ("form", "fixable"), [("qids", 1), ("objects", 1), ("counts", 0), ("null", 0)]
)
def test_what_the_software_of_an_image_says_of_findings_is_read_by_its_type(
    connected: Pipeline, form: str, fixable: int
) -> None:
    message = sent(connected, fix_sources=["image"], software_vulnerabilities=form)
    assert message["fixable"]["critical"] == fixable


@pytest.mark.parametrize(
    "forms", [["tabs"], ["repeated"], ["more_columns"], ["prose"], ["tabs", "repeated"]]
)
def test_the_table_is_read_in_its_odd_forms(connected: Pipeline, forms: list[str]) -> None:
    (one, _) = sent(connected, fix_sources=["table"], result_table=forms)["findings"]
    assert one["fixes"] == ["expat 2.1.0-14"]


def test_text_that_is_no_table_fixes_nothing(connected: Pipeline) -> None:
    prose = [{**FOUND[0], "software": [], "result": "Required version 2 is not installed\nx 1 2"}]
    connected.qualys.set_findings("shop/app", prose)
    connected.scan()
    (message,) = connected.notifications()
    assert message["fixable"]["critical"] == 0


def test_software_that_is_too_much_to_carry_loses_fixes_and_never_findings(
    connected: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(fixes, "_LARGEST", 4)
    message = sent(connected, fix_sources=["image"])
    assert message["fixable"]["critical"] == 0


THREATS: list[tuple[Any, bool, bool]] = [
    (None, False, False),
    ({}, False, False),
    ({"unknownName": True, "noPatch": True, "highDataLoss": True}, False, False),
    ({"publicExploit": True, "activeAttacks": None}, False, True),
    ({"malware": True}, True, True),
]


@pytest.mark.parametrize(("threats", "exploited", "exploit"), THREATS)
def test_what_is_exploited_is_notified_apart_from_what_has_an_exploit(
    connected: Pipeline, threats: Any, exploited: bool, exploit: bool
) -> None:
    found = {"qid": 1, "title": "one", "severity": 5, "threatIntel": threats, "qdsScore": None}
    connected.qualys.set_findings("shop/app", [found])
    assert verdict(connected.scan()) == "FINDINGS"
    (message,) = connected.notifications()
    (one,) = message["findings"]
    assert (one["exploited"], one["exploit"], one["qds"]) == (exploited, exploit, None)
    (email,) = connected.published("people")
    assert ("[exploited now]" in email) == exploited
    assert ("[exploit exists]" in email) == (exploit and not exploited)
    rest = email.replace("; not examined: malware, secrets", "")
    assert "malware" not in rest.lower(), "nothing was found in the image itself"


def test_the_worst_are_ordered_by_severity_then_by_attacks_then_by_score(
    connected: Pipeline,
) -> None:
    def one(qid: int, severity: int, qds: int | None, *threats: str) -> dict[str, Any]:
        intel = dict.fromkeys(threats, True)
        named = {"qid": qid, "title": f"finding {qid}", "severity": severity}
        return {**named, "qdsScore": qds, "threatIntel": intel}

    connected.qualys.set_findings(
        "shop/app",
        [
            one(1, 4, 100, "activeAttacks"),
            one(2, 5, None),
            one(3, 5, 60),
            one(4, 5, 90),
            one(5, 5, 10, "easyExploit"),
            one(6, 5, 20, "ransomware"),
            one(7, 5, 95, "activeAttacks"),
        ],
    )
    connected.scan()
    (message,) = connected.notifications()
    assert [each["qid"] for each in message["findings"]] == [7, 6, 5, 4, 3, 2, 1]
    assert [each["qds"] for each in message["findings"]] == [95, 20, 10, 90, 60, None, 100]
