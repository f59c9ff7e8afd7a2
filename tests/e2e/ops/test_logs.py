"""make logs: all that was logged, in one order."""

import json

import pytest

from .conftest import Operate, Pushed


def test_the_steps_of_a_scan_are_in_order(operate: Operate, pushed: Pushed) -> None:
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1")
    done = operate("logs", SINCE="5m", JSON="1")
    assert done.status == 0, done.errors
    lines = [json.loads(line) for line in done.output.splitlines()]
    times = [line["time"] for line in lines]
    assert times == sorted(times)
    ours = [
        line["source"]
        for line in lines
        if isinstance(line["message"], dict)
        and line["message"].get("repository") == pushed.repository
    ]
    assert ours.index("check_cache") < ours.index("send_notification")
    assert not any("_aws" in line["message"] for line in lines)


def test_one_function_alone(operate: Operate, pushed: Pushed) -> None:
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1")
    done = operate("logs", SINCE="5m", FUNCTION="check-cache", JSON="1")
    sources = {json.loads(line)["source"] for line in done.output.splitlines()}
    assert sources == {"check_cache"}
    shown = operate("logs", SINCE="5m", FUNCTION="check_cache").output
    assert "cache asked" in shown
    assert pushed.repository in shown


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"SINCE": "yesterday"}, "SINCE=yesterday is no duration: write it as 30s, 15m, 1h or 2d."),
        (
            {"FUNCTION": "other"},
            "There is no function other: FUNCTION= takes one of parse_event, check_cache",
        ),
    ],
)
def test_what_cannot_be_read_is_said(
    operate: Operate, settings: dict[str, str], sentence: str
) -> None:
    done = operate("logs", **settings)
    assert (done.status, done.output) == (2, "")
    assert done.errors.startswith(sentence)
