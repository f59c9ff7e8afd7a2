"""What the operator's commands decide without an AWS."""

import argparse
import json
import time
from typing import Any, cast

import pytest
from rich.console import Console

from image_scan.notifications.facts import error_message
from ops import installation, logs, queued_events, scan, where
from ops.errors import OpsError
from tests.support import builders
from tests.support.builders import ACCOUNT, DIGEST, REGION
from tests.support.json_pages import require_documented
from tests.support.stored_items import ROW


@pytest.mark.parametrize(
    ("duration", "seconds"), [("30s", 30), ("15m", 900), ("1h", 3600), ("2d", 172_800)]
)
def test_a_duration(duration: str, seconds: int) -> None:
    assert logs.seconds(duration) == seconds


@pytest.mark.parametrize("duration", ["", "1", "h", "1 h", "-1h", "1w", "1h30m", "9999999d"])
def test_no_duration(duration: str) -> None:
    with pytest.raises(OpsError, match="is no duration"):
        logs.seconds(duration)


@pytest.mark.parametrize(("value", "on"), [("", False), ("0", False), ("no", False), ("1", True)])
def test_a_switch(monkeypatch: pytest.MonkeyPatch, value: str, on: bool) -> None:
    monkeypatch.setenv("FORCE", value)
    assert installation.is_set("FORCE") is on
    parser = argparse.ArgumentParser()
    scan.configure(parser)
    assert parser.parse_args([]).force is on


def test_a_line_of_ours_is_shown_in_words() -> None:
    stated = {"event": "cache asked", "level": "warning", "decision": "scan", "timestamp": "t"}
    line = logs.Line(1_770_000_000_000, "check_cache", "1", json.dumps(stated))
    assert line.as_text().plain == (
        "2026-02-02 02:40:00 check_cache       warning cache asked decision=scan"
    )
    assert line.as_json()["message"] == stated


TRACE = "Traceback (most recent call last):\n  File x\n"


@pytest.mark.parametrize(
    ("message", "words", "style"),
    [
        (
            f"[ERROR] RegistryNotReady: it is being created\n{TRACE}",
            "tried again later: RegistryNotReady: it is being created",
            "dim",
        ),
        (f"[ERROR] ScanFailed: SENSOR_ERROR\r{TRACE}", "error ScanFailed: SENSOR_ERROR", "yellow"),
        (f"[ERROR] KeyError: 'x'\n{TRACE}", f"[ERROR] KeyError: 'x'\n{TRACE}".rstrip(), "red"),
    ],
)
def test_an_error_that_is_raised_on_purpose_has_no_traceback(
    message: str, words: str, style: str
) -> None:
    text = logs.Line(0, "submit_scan", "1", message).as_text()
    assert text.plain == f"1970-01-01 00:00:00 submit_scan       {words}"
    assert text.spans[-1].style == style


def test_values_that_are_empty_are_left_out_and_digests_are_short_on_a_terminal() -> None:
    stated = {"event": "cache asked", "reason": "", "skipped": [], "number": 0, "key": DIGEST}
    line = logs.Line(0, "check_cache", "1", json.dumps(stated))
    assert line.as_text().plain.endswith(f"  cache asked number=0 key={DIGEST}")
    assert line.as_text(whole=False).plain.endswith(f"  cache asked number=0 key={DIGEST[:19]}")


@pytest.mark.parametrize(
    ("message", "noise"),
    [
        ("START RequestId: 1 Version: 2\n", True),
        ("REPORT RequestId: 1", True),
        ('{"_aws": {}, "Events": 1}', True),
        ('{"event": "completed"}', False),
        ("[ERROR] Runtime.ExitError", False),
        ("[1]", False),
    ],
)
def test_metrics_and_lambdas_own_lines_are_left_out(message: str, noise: bool) -> None:
    assert logs.Line(0, "parse_event", "1", message).is_noise is noise


@pytest.mark.parametrize(
    ("execution", "verdict", "words"),
    [
        ({"status": "RUNNING"}, "IN_PROGRESS", ""),
        ({"status": "SUCCEEDED", "output": '{"Payload": {"verdict": "CLEAN"}}'}, "CLEAN", ""),
        ({"status": "FAILED", "error": "TIMEOUT", "cause": "no result"}, "TIMEOUT", "no result"),
        ({"status": "ABORTED"}, "ERROR", "execution ABORTED"),
        (
            {"status": "FAILED", "error": "QualysForbidden", "cause": '{"errorMessage": "no"}'},
            "ERROR",
            "QualysForbidden: no",
        ),
    ],
)
def test_how_an_execution_ended(execution: dict[str, Any], verdict: str, words: str) -> None:
    assert scan.verdict_of(execution) == {"verdict": verdict, "reason": words}


@pytest.mark.parametrize(
    ("cause", "words"), [("", ""), ("plain", "plain"), ('{"errorMessage": "x"}', "x"), ("[]", "[]")]
)
def test_the_reason_in_a_cause(cause: str, words: str) -> None:
    assert error_message(cause) == words


STATUS_CHANGE = {"detail-type": "Step Functions Execution Status Change", "detail": {}}


@pytest.mark.parametrize(
    ("body", "goes_to"),
    [
        (builders.event("run_task"), "intake"),
        (builders.event("scan_request"), "intake"),
        (builders.event("task_running_by_tag"), "intake"),
        (STATUS_CHANGE, "send_notification"),
        ({"requestContext": {}, "requestPayload": STATUS_CHANGE}, "send_notification"),
        ({"detail-type": "Scheduled Event"}, ""),
        (["no", "event"], ""),
        (None, ""),
    ],
)
def test_what_processes_a_queued_event(body: Any, goes_to: str) -> None:
    event, processor = queued_events.event_of(body)
    assert processor == goes_to
    assert (event is None) == (goes_to == "")


@pytest.mark.parametrize("command", [scan, where])
def test_an_image_must_be_given(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGE", raising=False)
    parser = argparse.ArgumentParser()
    command.configure(parser)
    with pytest.raises(OpsError, match="IMAGE="):
        command.run(parser.parse_args([]), Console())


def test_a_workload_says_who_deployed_what() -> None:
    item = {
        "imageDigest": builders.DIGEST,
        "status": "FINDINGS",
        "ttl": 1,
        "uri": "app:1",
        "counts": {"critical": 2, "high": 0, "medium": 0, "low": 1},
        "examined": ["vulnerabilities", "secrets"],
        "secrets": {"critical": 0, "high": 1, "medium": 0, "low": 0},
        "detections": [
            {"kind": "secret", "name": "AWS Access Key", "severity": "high", "family": "AWS"}
        ],
        "fresh": False,
        "requests": {
            "p": {**builders.deployment(event_name="RegisterTaskDefinition"), "containers": ["app"]}
        },
    }
    console = Console(width=200, record=True, file=None, quiet=False)
    with console.capture() as shown:
        where.show(where.described(item), console)
    text = shown.get()
    assert "FINDINGS (expired)" in text
    assert "2 critical, 0 high, 0 medium, 1 low" in text
    assert "Qualys gave an older result" in text
    assert "vulnerabilities, secrets; not examined: malware" in text
    assert "secret, severity high: AWS Access Key (AWS)" in text
    assert "web in 123456789012/us-east-1/prod, RegisterTaskDefinition by arn:aws:sts" in text


def test_a_workload_says_whose_it_is_and_since_when_it_is_notified() -> None:
    item = {"imageDigest": builders.DIGEST, "status": "FINDINGS", "ttl": 1}
    stopped = {"state": "stopped", "stopped_at": builders.NOW + 60}
    unknown = {name: each for name, each in ROW.items() if name not in ("team", "notified_at")}
    known = where.described(item, [{**ROW, "principal": "me"}, {**unknown, **stopped}])
    require_documented("where", {"asked": {"image": "x"}, "known": [known]})
    console = Console(width=200)
    with console.capture() as shown:
        where.show(known, console)
    lines = [" ".join(line.split()) for line in shown.get().splitlines()]
    begin, day = f"web in {ACCOUNT}/{REGION}/prod, since", "2026-02-02T02:4"
    assert f"running {begin} {day}0:00+00:00, deployed by me, team payments, notified since" in (
        lines[-3].removesuffix(f" {day}0:00+00:00")
    )
    assert lines[-2] == f"stopped {begin} {day}0:00+00:00 until {day}1:00+00:00"


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        (builders.DIGEST, builders.DIGEST),
        (f"{builders.DIGEST}#linux/arm64", builders.DIGEST),
        ("123456789012/us-east-1/shop/app:1", ""),
    ],
)
def test_the_digest_of_an_entry_is_in_its_key(key: str, digest: str) -> None:
    assert where.described({"imageDigest": key, "status": "CLEAN", "ttl": 1})["digest"] == digest


def test_when_a_running_scan_began() -> None:
    owner, began = {"owner": "o"}, {"acquired_at": builders.NOW * 1000 + 250}
    item = {"imageDigest": builders.DIGEST, "status": "IN_PROGRESS", "ttl": 1, **owner, **began}
    assert where.described(item)["scan_began"] == where.moment(builders.NOW)


class LogGroups:
    """CloudWatch Logs: a group that is missing, one that is denied, others that grow."""

    def __init__(self, *rounds: list[str]) -> None:
        self._rounds = list(rounds)
        self.starts: list[int] = []

    def client(self, *_: str) -> Any:
        return self

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, *, logGroupName: str, startTime: int) -> Any:  # noqa: N803 - AWS' names
        if logGroupName in ("missing", "denied"):
            code = {"missing": "ResourceNotFoundException", "denied": "AccessDeniedException"}
            raise builders.client_error(
                code[logGroupName], message="no", operation="FilterLogEvents"
            )
        self.starts.append(startTime)
        lines = self._rounds.pop(0)
        return [{"events": [{"timestamp": 5, "eventId": each, "message": each} for each in lines]}]


def test_followed_lines_are_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    groups = LogGroups(["a", "b"], ["a", "b", "c"])
    there = cast("installation.Installation", groups)
    lines = logs.read(there, {"scan": "scan", "intake": "missing"}, 0, follow=True)
    assert [next(lines).message for _ in range(3)] == ["a", "b", "c"]
    assert groups.starts[0] == 0
    assert groups.starts[1] > 0


def test_a_refusal_of_aws_is_a_sentence() -> None:
    groups = cast("installation.Installation", LogGroups())
    with pytest.raises(OpsError, match="AWS refused FilterLogEvents: AccessDeniedException: no"):
        list(logs.read(groups, {"scan": "denied"}, 0, follow=False))


def test_a_workload_out_of_scope_is_shown_with_its_rule() -> None:
    item = {"imageDigest": DIGEST, "uri": "u", "status": where.NO_VERDICT}
    row = {**ROW, "out_of_scope": "agents", "state": "running"}
    known = where.described(item, [row])
    require_documented("where", {"asked": {"image": "u"}, "known": [known]})
    lines = dict(where._lines(known))
    assert lines["verdict"] == "none: out of scope"
    assert ", out of scope by the rule agents" in lines["running"]
    both = where.described(item, [row, {**ROW, "workload": "another", "state": "deployed"}])
    assert dict(where._lines(both))["verdict"].startswith("none: it was not scanned")
