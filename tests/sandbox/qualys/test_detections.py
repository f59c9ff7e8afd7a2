"""Malware and secrets: what a sensor with the flags finds, and every answer of one without."""

from typing import Any

import pytest

from tests.sandbox.qualys.caller import Caller, single

SHA = "a" * 64
MALWARE = f"/images/{SHA}/layers/malware"
BAD = {"fileName": "libz.so.1", "severity": 3, "family": "mirai", "category": "dropper"}
KEY = {"secretDetector": "AWS Access Key", "severity": "HIGH", "value": "canary-secret"}


def scanned(caller: Caller, **stated: Any) -> Caller:
    caller.control.behave("team/app", **stated)
    caller.push("team/app", "1.0", single("a"))
    caller.scan()
    return caller


def details(caller: Caller, wanted: str = "malware, secrets") -> Any:
    return caller.get(f"/images/{SHA}", scanDetails=wanted).json()


def test_a_sensor_without_the_flags_looks_for_neither(caller: Caller) -> None:
    scanned(caller, malware=[BAD], secrets=[KEY])
    assert caller.get(MALWARE).status_code == 204
    assert not {"malware", "secrets"} & details(caller).keys()


def test_a_clean_layer_is_a_row(caller: Caller) -> None:
    scanned(caller, examines=["malware"])
    answer = caller.get(MALWARE, pageNumber=1, pageSize=50).json()
    (row,) = answer["data"]
    assert answer["count"] == 1
    assert (row["layerMalwareCount"], row["prediction"], row["severity"]) == (0, "unknown", None)
    assert row["layerFilesAnalyzed"] == 16
    files = caller.get(f"/images/{SHA}/layers/{row['layerHash']}/malware/files")
    assert files.status_code == 204


def test_a_layer_with_malware_has_files(caller: Caller) -> None:
    scanned(caller, examines=["malware"], malware=[BAD, {**BAD, "severity": 5}])
    (row,) = caller.get(MALWARE).json()["data"]
    assert (row["layerMalwareCount"], row["prediction"], row["severity"]) == (2, "malicious", 5)
    files = caller.get(f"/images/{SHA}/layers/{row['layerHash']}/malware/files").json()
    assert [each["fileName"] for each in files["data"]] == ["libz.so.1", "libz.so.1"]
    assert {each["imageHash"] for each in files["data"]} == {SHA}


def test_layers_come_in_pages(caller: Caller) -> None:
    caller.control.know_image(
        SHA, layers=["1" * 64, "2" * 64], scanned_seconds_ago=0, malware=[BAD]
    )
    first = caller.get(MALWARE, pageNumber=1, pageSize=1).json()
    second = caller.get(MALWARE, pageNumber=2, pageSize=1).json()
    assert (first["count"], second["count"]) == (2, 2)
    assert [each["data"][0]["layerMalwareCount"] for each in (first, second)] == [0, 1]
    assert caller.get(MALWARE, pageNumber=3, pageSize=1).status_code == 204


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ("empty", 200, {"data": [], "count": 0, "groups": None}),
        ("cut", 200, {"data": [], "count": 1, "groups": None}),
        ("unknown", 200, {"summary": {"state": "DONE"}}),
        ("204", 204, None),
        ("403", 403, None),
        ("404", 404, None),
    ],
)
def test_malware_is_answered_in_other_ways(
    caller: Caller, answer: str, status: int, body: Any
) -> None:
    scanned(caller, examines=["malware"], malware_answer=answer)
    stated = caller.get(MALWARE)
    assert stated.status_code == status
    assert body is None or stated.json() == body


def test_a_caller_without_scope_is_refused(caller: Caller) -> None:
    scanned(caller, examines=["malware"], out_of_scope=True)
    assert caller.get(MALWARE).status_code == 403


def test_secrets_stand_in_the_details_when_they_are_asked_for(caller: Caller) -> None:
    scanned(caller, examines=["secrets"], secrets=[KEY])
    (found,) = details(caller)["secrets"]
    assert (found["secretDetector"], found["value"]) == ("AWS Access Key", "canary-secret")
    assert "secrets" not in details(caller, "malware")
    assert "secrets" not in details(caller, "")
    assert caller.get(f"/images/{SHA}", scanDetails="secret").status_code == 400


def test_secrets_may_look_as_a_client_declares_them(caller: Caller) -> None:
    scanned(caller, examines=["secrets"], secrets=[KEY], secret_rows="declared")
    (found,) = details(caller)["secrets"]
    assert (found["type"], found["severity"]) == ("AWS Access Key", 3)
    assert "canary-secret" in found["details"]


@pytest.mark.parametrize(
    ("shape", "block"),
    [
        ("absent", "no block"),
        ("null", None),
        ("empty", []),
        ("unknown", {"summary": {"state": "DONE"}}),
    ],
)
@pytest.mark.parametrize("name", ["malware", "secrets"])
def test_a_block_of_the_details_has_other_shapes(
    caller: Caller, name: str, shape: str, block: Any
) -> None:
    found = {"malware": [BAD], "secrets": [KEY]}
    scanned(caller, examines=["malware", "secrets"], **{f"{name}_block": shape}, **found)
    assert details(caller).get(name, "no block") == block


def test_malware_may_stand_in_the_details_too(caller: Caller) -> None:
    scanned(caller, examines=["malware"], malware=[BAD], malware_block="list")
    assert [each["layerMalwareCount"] for each in details(caller)["malware"]] == [1]


def test_a_scan_without_the_flags_cannot_be_made_good_by_setting_them(caller: Caller) -> None:
    scanned(caller)
    caller.control.behave("team/app", examines=["malware"])
    assert caller.get(MALWARE).status_code == 204
    caller.scan()
    assert caller.get(MALWARE).status_code == 200
