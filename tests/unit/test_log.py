"""Log lines: one JSON object each, whatever is in them."""

import contextlib
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_scan import log
from tests.support.builders import DIGEST, scan_input


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_line_has_the_context_of_its_input(capsys: pytest.CaptureFixture[str]) -> None:
    log.bind({**scan_input(), "execution_name": "execution-1"})
    log.info("first")
    log.warning("second", extra=1)
    first, second = lines(capsys)
    assert first | {"timestamp": ""} == {
        "event": "first",
        "level": "info",
        "timestamp": "",
        "event_id": "event-1",
        "execution": "execution-1",
        "digest": DIGEST,
        "repository": "shop/app",
    }
    assert (second["level"], second["extra"]) == ("warning", 1)


def test_a_warm_environment_forgets_the_last_input(capsys: pytest.CaptureFixture[str]) -> None:
    log.bind(scan_input())
    log.bind({"event_id": "event-2"})
    log.info("line")
    (line,) = lines(capsys)
    assert line["event_id"] == "event-2"
    assert "digest" not in line


def test_the_level_is_that_of_the_installation(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("LOG_LEVEL", "WARNING")
    log.bind({})
    log.info("not shown")
    log.warning("shown")
    assert [line["event"] for line in lines(capsys)] == ["shown"]


@given(st.text())
@pytest.mark.held("injected text")
def test_no_value_breaks_out_of_its_line(value: str) -> None:
    log.bind({"event_id": value, "image": {"repository": value}})
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        log.info("event", name=value)
    (line,) = printed.getvalue().splitlines()
    assert json.loads(line)["name"] == value
