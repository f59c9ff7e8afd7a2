"""What is set about images, and what a scan makes of it."""

import pytest

from sandbox.qualys import ControlRefused
from tests.sandbox.qualys.caller import Caller, digest, single

SHA = "a" * 64
ONE = {"qid": 1, "title": "one", "severity": 5}
TWO = {"qid": 2, "title": "two", "severity": 1}


def found(caller: Caller) -> list[dict[str, object]]:
    return list(caller.get(f"/images/{SHA}/vuln").json()["details"])


@pytest.mark.parametrize("key", [digest("a"), SHA, "team/app:1.0", "team/app"])
def test_findings_are_set_by_digest_tag_or_repository(caller: Caller, key: str) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.set_findings(key, [ONE])
    caller.scan()
    assert [one["qid"] for one in found(caller)] == [1]


def test_the_narrowest_setting_counts(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.set_findings("team/app", [ONE, TWO])
    caller.control.set_findings("team/app:1.0", [TWO])
    caller.scan()
    assert [one["qid"] for one in found(caller)] == [2]


def test_an_image_that_nothing_was_set_for_is_clean(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.set_findings("team/other", [ONE])
    caller.scan()
    assert found(caller) == []


def test_a_result_stays_until_the_next_scan_and_remembers_when_it_was_first_found(
    caller: Caller,
) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.set_findings("team/app", [ONE])
    caller.scan()
    before = found(caller)[0]
    caller.control.set_findings("team/app", [ONE, TWO])
    assert len(found(caller)) == 1
    caller.scan()
    after = found(caller)
    assert len(after) == 2
    assert after[0]["firstFound"] == before["firstFound"]
    assert int(str(after[0]["lastFound"])) > int(str(before["lastFound"]))
    assert after[1]["firstFound"] == after[1]["lastFound"]


@pytest.mark.parametrize(
    "wrong",
    [{"title": "x", "severity": 1}, {**ONE, "severity": 6}, {**ONE, "severity": "5"}, {"qid": 1}],
)
def test_incomplete_findings_are_refused(caller: Caller, wrong: dict[str, object]) -> None:
    with pytest.raises(ControlRefused):
        caller.control.set_findings("team/app", [wrong])
