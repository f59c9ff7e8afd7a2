"""What is known of attacks is distinguished from what would let somebody attack."""

from typing import Any

import pytest

from image_scan.findings import threats

NOW = ["activeAttacks", "zeroDay", "malware", "ransomware", "ransomwareExploit", "cisaKev"]
EXISTS = ["publicExploit", "easyExploit", "exploitKit"]
NEITHER = ["noPatch", "denialOfService", "highDataLoss", "highLateralMovement", "unknownName"]


def seen(intel: Any) -> tuple[bool, bool]:
    entry = {"threatIntel": intel}
    return threats.is_exploited(entry), threats.has_exploit(entry)


@pytest.mark.parametrize("key", [*NOW, *EXISTS, *NEITHER])
def test_each_key_says_one_thing(key: str) -> None:
    expected = (key in NOW, key in NOW or key in EXISTS)
    assert seen({key: True}) == seen({key: "true"}) == expected
    assert seen({key: None}) == seen({key: False}) == seen({key: "false"}) == (False, False)


def test_a_list_of_names_says_it_too() -> None:
    assert seen({"malwareNames": ["Mirai"]}) == (True, True)
    assert seen({"publicExploitNames": ["CVE-2021-44228"]}) == (False, True)
    assert seen({"malwareNames": [], "exploitKitNames": [""]}) == (False, False)


@pytest.mark.parametrize("intel", [None, {}, [], "malware", 1, ["malware"]])
def test_no_intelligence_says_nothing(intel: Any) -> None:
    assert seen(intel) == (False, False)


@pytest.mark.parametrize(
    ("stated", "score"),
    [
        (1, 1),
        (100, 100),
        ("65", 65),
        *((each, None) for each in (None, 0, 101, True, "", "x", 6.5)),
    ],
)
def test_a_score_that_is_none_is_not_nought(stated: Any, score: int | None) -> None:
    assert threats.qds({"qdsScore": stated}) == score
    assert threats.qds({}) is None
