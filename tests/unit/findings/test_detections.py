"""Malware and secrets: looked for and none, found, or not looked for."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.findings import detections
from image_scan.results import Detections
from tests.support.builders import CLEAN, CRITICAL

ZERO = {"critical": 0, "high": 0, "medium": 0, "low": 0}
LAYER = {
    "layerHash": "3c779f3f" * 8,
    "layerFilesAnalyzed": 16,
    "layerMalwareCount": 0,
    "prediction": "unknown",
    "score": None,
    "severity": None,
    "category": None,
    "family": None,
}
BAD = {
    **LAYER,
    "layerFilesAnalyzed": 1,
    "layerMalwareCount": 1,
    "prediction": "malicious",
    "severity": 3,
    "category": "dropper",
    "family": "mirai",
}
KEY = {"secretDetector": "AWS Access Key", "category": "AWS", "severity": "HIGH"}


@pytest.mark.parametrize(
    ("level", "serious"), [("critical", True), ("high", True), ("medium", False), ("low", False)]
)
def test_critical_and_high_ones_are_serious(level: str, serious: bool) -> None:
    counts: Any = {**ZERO, level: 1}
    assert detections.is_serious(counts) is serious


def test_layers_that_were_analysed_and_are_clean_are_examined_and_none() -> None:
    found = detections.malware([LAYER, {**LAYER, "prediction": "benign"}])
    assert (found["examined"], found["counts"], found["found"]) == (True, ZERO, [])


def test_a_layer_without_files_does_not_matter_beside_one_with_some() -> None:
    assert detections.malware([LAYER, {**LAYER, "layerFilesAnalyzed": 0}])["examined"]


@pytest.mark.parametrize("rows", [[], [{**LAYER, "layerFilesAnalyzed": 0}]])
def test_no_layer_that_was_analysed_is_not_examined_and_never_none(rows: Any) -> None:
    found = detections.malware(rows)
    assert (found["examined"], found["counts"]) == (False, ZERO)
    assert "examined for it" in found["why"]


@pytest.mark.parametrize(
    "row",
    [
        {"layerFilesAnalyzed": 4},
        {**LAYER, "layerMalwareCount": None},
        {**LAYER, "layerMalwareCount": "some"},
        {**LAYER, "layerMalwareCount": -1},
        {**LAYER, "layerMalwareCount": True},
        {**LAYER, "prediction": "suspicious"},
        {**LAYER, "prediction": ["malicious"]},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_judged_is_not_examined_and_never_none(row: Any) -> None:
    found = detections.malware([LAYER, row])
    assert (found["examined"], found["why"]) == (False, detections.UNCLEAR)


@pytest.mark.parametrize(
    "row",
    [
        BAD,
        {**BAD, "layerMalwareCount": 0},
        {**BAD, "layerMalwareCount": None},
        {**BAD, "prediction": "unknown"},
        {**BAD, "prediction": None},
        {**BAD, "layerMalwareCount": "1", "prediction": " MALICIOUS "},
        {"prediction": "malicious", "severity": "3", "family": "mirai", "category": "dropper"},
    ],
    ids=str,
)
def test_malware_is_found_by_its_count_or_its_prediction(row: Any) -> None:
    found = detections.malware([LAYER, row])
    assert found["counts"] == {**ZERO, "medium": 1}
    (each,) = found["found"]
    assert (each["severity"], each["family"]) == ("medium", "mirai, dropper")


def test_malware_counts_by_file() -> None:
    assert detections.malware([{**BAD, "layerMalwareCount": 4}])["counts"]["medium"] == 4


@pytest.mark.parametrize("severity", [None, 0, 6, "high", True, [5]])
def test_malware_without_a_severity_that_is_known_counts_as_critical(severity: Any) -> None:
    assert detections.malware([{**BAD, "severity": severity}])["counts"]["critical"] == 1


@pytest.mark.parametrize(
    ("severity", "level"), [(1, "low"), (2, "low"), (3, "medium"), (4, "high"), (5, "critical")]
)
def test_malware_has_a_scale_of_five(severity: int, level: str) -> None:
    assert detections.malware([{**BAD, "severity": severity}])["found"][0]["severity"] == level


def test_malware_is_found_though_a_list_is_cut_or_another_row_is_odd() -> None:
    found = detections.malware([BAD, {"odd": 1}], why="HTTP 403")
    assert (found["examined"], found["counts"]["medium"]) == (False, 1)


def test_files_are_named_and_only_malicious_ones() -> None:
    names = [{"fileName": "libz.so.1", "prediction": "malicious", "severity": 5}]
    names += [{"fileName": "sh", "prediction": "unknown", "severity": None}]
    assert [each["name"] for each in detections.files(names)] == ["libz.so.1"]
    assert detections.files([{"prediction": "malicious"}])[0]["name"] == "a file without a name"


def test_the_worst_layers_come_first() -> None:
    rows = [BAD, LAYER, {**BAD, "layerHash": "f" * 64, "severity": 5}]
    assert detections.malicious_layers(rows) == ["f" * 64, LAYER["layerHash"]]


def test_names_are_short_and_print() -> None:
    hostile = "a\r\nSubject: all clear\x1b[2J\u202e\ud800" + "x" * 500
    (each,) = detections.files([{"prediction": "malicious", "fileName": hostile}])
    assert each["name"].isprintable()
    assert len(each["name"]) <= 100
    assert each["name"].encode()


@pytest.mark.parametrize("block", [None, {}, {"count": 0}, "", 0, False])
def test_secrets_without_a_readable_block_are_not_examined_and_never_none(block: Any) -> None:
    found = detections.secrets(block)
    assert (found["examined"], found["counts"], found["found"]) == (False, ZERO, [])
    assert found["why"]


def test_an_empty_block_is_examined_and_none() -> None:
    found = detections.secrets([])
    assert (found["examined"], found["counts"], found["why"]) == (True, ZERO, "")


@pytest.mark.parametrize("entry", [None, 7, "AKIA", [], {}, {"layerSecretCount": 0}], ids=str)
def test_an_entry_that_is_no_secret_makes_the_block_unclear(entry: Any) -> None:
    found = detections.secrets([entry])
    assert (found["examined"], found["why"]) == (False, detections.UNCLEAR)
    mixed = detections.secrets([entry, KEY])
    assert (mixed["examined"], mixed["counts"]["high"]) == (False, 1)


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        ("low", "low"),
        ("Medium", "medium"),
        ("HIGH", "high"),
        ("CRITICAL", "critical"),
        (1, "low"),
        (2, "medium"),
        ("3", "high"),
        (4, "critical"),
        (5, "critical"),
        (None, "critical"),
        ("grave", "critical"),
        (0, "critical"),
    ],
)
def test_a_secret_has_a_scale_of_four_words(severity: Any, level: str) -> None:
    found = detections.secrets([{**KEY, "severity": severity}])
    assert found["counts"] == {**ZERO, level: 1}


def test_a_secret_is_its_detector_and_nothing_else() -> None:
    planted = dict.fromkeys(("value", "details", "match", "path", "line", "name"), "canary-secret")
    found = detections.secrets([{**KEY, **planted}, {"type": "Typeform", **planted}])
    assert [each["name"] for each in found["found"]] == ["Typeform", "AWS Access Key"]
    assert "canary-secret" not in repr(found)


def test_what_is_found_in_one_of_two_answers_counts() -> None:
    none, bad = detections.malware([LAYER]), detections.malware([BAD])
    unknown = detections.not_examined("HTTP 403")
    assert detections.joined(none, unknown)["examined"]
    assert detections.joined(unknown, unknown)["why"] == "HTTP 403"
    for pair in ((none, bad), (bad, unknown), (unknown, bad)):
        assert detections.joined(*pair)["counts"]["medium"] == 1


def test_a_message_names_the_worst_only() -> None:
    many = [{**KEY, "secretDetector": str(n), "severity": "low"} for n in range(50)]
    found = detections.secrets([*many, {**KEY, "severity": "critical"}])
    assert found["counts"] == {**ZERO, "low": 50, "critical": 1}
    assert len(found["found"]) == 5
    assert found["found"][0]["name"] == "AWS Access Key"


def test_malware_in_a_clean_image_is_findings() -> None:
    detected = Detections(malware=detections.malware([BAD]), secrets=detections.secrets(None))
    outcome = detections.add(CLEAN, detected)
    assert (outcome["verdict"], outcome["examined"]) == ("FINDINGS", ["vulnerabilities", "malware"])
    assert outcome["malware"]["medium"] == 1
    assert "secrets" not in outcome
    assert CLEAN["verdict"] == "CLEAN"


def test_a_secret_in_a_clean_image_is_findings() -> None:
    detected = Detections(malware=detections.malware([]), secrets=detections.secrets([KEY]))
    outcome = detections.add(CLEAN, detected)
    assert (outcome["verdict"], outcome["examined"]) == ("FINDINGS", ["vulnerabilities", "secrets"])
    assert "malware" not in outcome


def test_what_was_not_examined_has_no_counts() -> None:
    neither = Detections(malware=detections.malware([]), secrets=detections.secrets(None))
    outcome = detections.add(CRITICAL, neither)
    assert outcome["examined"] == ["vulnerabilities"]
    assert not {"malware", "secrets"} & outcome.keys()
