"""One image: its details, its vulnerabilities and their counts."""

import pytest

from sandbox.qualys import QualysSimulator
from tests.sandbox.qualys.caller import HOST, Caller

SHA = "a" * 64
REPO_TAG = {"registry": HOST, "repository": "team/app", "tag": "1.0"}
EXPAT = {
    "qid": 351234,
    "title": "Amazon Linux Security Advisory for expat",
    "severity": 5,
    "cveids": ["CVE-2022-25235"],
    "software": [{"name": "expat", "version": "2.1.0-10", "fixVersion": "2.1.0-14"}],
}
CURL = {"qid": 2, "title": "curl", "severity": 3, "typeDetected": "POTENTIAL"}
EXEMPTED = {"qid": 1, "title": "zlib", "severity": 4, "isExempted": True}


@pytest.fixture
def vulnerable(caller: Caller) -> Caller:
    caller.control.know_image(SHA, repo=[REPO_TAG], findings=[EXPAT, CURL, EXEMPTED])
    return caller


def test_vulnerabilities_are_counts_in_the_list_and_objects_in_the_details(
    vulnerable: Caller,
) -> None:
    row = vulnerable.get("/images").json()["data"][0]
    assert row["vulnerabilities"] == {
        "severity1Count": 0,
        "severity2Count": 0,
        "severity3Count": 1,
        "severity4Count": 0,
        "severity5Count": 1,
    }
    details = vulnerable.get(f"/images/{SHA}").json()
    assert [one["qid"] for one in details["vulnerabilities"]] == [351234, 2, 1]
    assert (details["totalVulCount"], details["totalVulnCount"]) == ("3", 3)
    assert details["softwares"][0]["name"] == "expat"
    for name in ("created", "updated", "lastVmScanDate"):
        assert row[name].isdigit()
    assert (row["registryUuid"], row["scanType"], row["scanErrorCode"]) == (None, None, None)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("b" * 64, 404, "Image not found"),
        (f"sha256:{SHA}", 400, "Invalid Image SHA provided"),
        ("team%2Fapp:1.0", 400, "Invalid Image SHA provided"),
        (SHA.upper(), 400, "Invalid Image SHA provided"),
        (SHA[:12], 400, "Invalid Image SHA provided"),
    ],
)
def test_only_a_known_bare_sha_names_an_image(
    vulnerable: Caller, path: str, status: int, message: str
) -> None:
    if "%2F" in path:
        path = "team-app:1.0"
    for tail in ("", "/vuln"):
        answer = vulnerable.get(f"/images/{path}{tail}")
        assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_scan_details_are_a_list_of_known_names(vulnerable: Caller) -> None:
    path = f"/images/{SHA}"
    assert vulnerable.get(path, scanDetails="malware,secrets").status_code == 200
    assert vulnerable.get(path, scanDetails="weather").status_code == 400


def test_the_short_id_is_good_for_the_count(vulnerable: Caller) -> None:
    expected = vulnerable.get(f"/images/{SHA}/vuln/count").json()
    assert expected["severity5Count"] == 1
    assert vulnerable.get(f"/images/{SHA[:12]}/vuln/count").json() == expected
    assert vulnerable.get(f"/images/{'b' * 12}/vuln/count").status_code == 404


def test_vulnerabilities_with_their_summary(vulnerable: Caller) -> None:
    body = vulnerable.get(f"/images/{SHA}/vuln").json()
    assert [one["qid"] for one in body["details"]] == [2, 351234]
    counts = body["vulnSummary"]
    assert counts["confirmed"]["sev5Count"] == 1
    assert counts["confirmed"]["sev4Count"] == 0
    assert counts["potential"]["sev3Count"] == 1
    assert counts["patchAvailability"]["confirmed"]["sev5Count"] == 1
    assert counts["patchAvailability"]["potential"]["sev3Count"] == 0


def test_a_vulnerability_has_every_documented_field(vulnerable: Caller) -> None:
    one = vulnerable.get(f"/images/{SHA}/vuln").json()["details"][1]
    assert one["result"].splitlines()[0] == '#table cols="3"'
    assert "expat 2.1.0-10 2.1.0-14" in one["result"]
    assert (one["firstFound"].isdigit(), type(one["published"])) == (True, int)
    assert one["patchAvailable"] is True
    assert one["threatIntel"]["zeroDay"] is None
    software = {"name", "version", "fixVersion", "packagePath", "scanType", "vulnerabilities"}
    assert set(one["software"][0]) == software
    assert {
        "customerSeverity",
        "cvssInfo",
        "cvss3Info",
        "qdsScore",
        "layerSha",
        "vendorData",
    } <= set(one)


def test_exceptions_hide_or_mark_exempted_findings(vulnerable: Caller) -> None:
    path = f"/images/{SHA}/vuln"
    plain = vulnerable.get(path, applyException="false").json()
    assert [one["qid"] for one in plain["details"]] == [1, 2, 351234]
    assert plain["details"][0]["isExempted"] is True
    assert plain["vulnSummary"]["confirmed"]["sev4Count"] == 1
    assert len(vulnerable.get(path, applyException="true").json()["details"]) == 2
    vulnerable.control.scenario(exempted="marked")
    marked = vulnerable.get(path).json()
    assert len(marked["details"]) == 3
    assert marked["vulnSummary"]["confirmed"]["sev4Count"] == 0


def test_types_sort_and_filter_of_vulnerabilities(vulnerable: Caller) -> None:
    path = f"/images/{SHA}/vuln"
    assert vulnerable.get(path, type="SUMMARY").json()["details"] is None
    assert vulnerable.get(path, type="DETAILS").json()["vulnSummary"] is None
    down = vulnerable.get(path, sort="vulnerabilities.qid:desc").json()["details"]
    assert [one["qid"] for one in down] == [351234, 2]
    severe = vulnerable.get(path, filter="vulnerabilities.severity:[4 ... 5]").json()["details"]
    assert [one["qid"] for one in severe] == [351234]
    assert vulnerable.get(path, type="EVERYTHING").status_code == 400
    assert vulnerable.get(path, applyException="1").status_code == 400
    assert vulnerable.get(path, sort="nothing:asc").status_code == 400


@pytest.mark.parametrize("shape", ["data", "details.vulns", "list", "unknown"])
def test_other_shapes_of_the_vulnerabilities(vulnerable: Caller, shape: str) -> None:
    vulnerable.control.scenario(vuln_shape=shape)
    body = vulnerable.get(f"/images/{SHA}/vuln").json()
    found = {
        "data": lambda: body["data"],
        "details.vulns": lambda: body["details"]["vulns"],
        "list": lambda: body,
        "unknown": lambda: body["result"]["items"],
    }[shape]()
    assert len(found) == 2


def test_a_clean_image_has_empty_details(caller: Caller) -> None:
    caller.control.know_image(SHA, scanned_seconds_ago=60)
    body = caller.get(f"/images/{SHA}/vuln").json()
    assert (body["details"], body["vulnSummary"]["confirmed"]["sev5Count"]) == ([], 0)


def test_the_image_is_known_by_nothing_but_what_was_given(simulator: QualysSimulator) -> None:
    assert Caller(simulator).get(f"/images/{SHA}").status_code == 404
