"""`make backfill` names the scans that have begun, and no other."""

from __future__ import annotations

import argparse
import io
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from ops import backfill
from ops.errors import OpsError
from ops.hints import make
from ops.installation import Installation
from tests.support.builders import NOW

Json = dict[str, Any]
AT = datetime.fromtimestamp(NOW, UTC)
FOUND: Json = {
    "at": AT.isoformat(),
    "running_images": 3,
    "fresh_verdicts": 1,
    "unscannable": 0,
    "coverage_percent": 33,
    "sent": 2,
    "closed": 0,
    "silent": [],
    "unreadable": {},
    "scans": [
        {"key": "sha256:a", "image": "shop/a:1", "why": "no verdict", "workloads": ["web"]},
        {"key": "sha256:b", "image": "shop/b:1", "why": "ERROR: no", "workloads": list("12345")},
    ],
}


class Aws:
    """The function, the cache and the scan machine of an installation, whose intake takes its
    time."""

    region = "us-east-1"
    cache_table = "images"
    scan_state_machine_arn = "scan"
    intake_state_machine_arn = "intake"
    function_names = {"reconcile": "reconcile"}  # noqa: RUF012

    def __init__(self, *executions: tuple[str, timedelta], answer: Any = FOUND) -> None:
        self.session = self
        self.looks = 0
        self._executions = executions
        self._answer = answer

    def client(self, *_: Any, **__: Any) -> Any:
        return self

    def make(self, target: str, **settings: str) -> str:
        return make(target, "other", **settings)

    def invoke(self, **_: Any) -> Json:
        failed = {} if "at" in self._answer else {"FunctionError": "Unhandled"}
        return {"Payload": io.BytesIO(json.dumps(self._answer).encode()), **failed}

    def get_item(self, Key: Any, **_: Any) -> Json:  # noqa: N803 - AWS' names
        """Image a is leased from the second look on; b holds the lease of yesterday's scan."""
        key = Key["imageDigest"]["S"]
        if key == "sha256:a" and self.looks < 2:
            return {}
        at = NOW * 1000 + 500 if key == "sha256:a" else (NOW - 86_400) * 1000
        item = {"imageDigest": {"S": key}, "status": {"S": "IN_PROGRESS"}}
        item |= {"owner": {"S": f"owner-{key[-1]}".replace("-", "")}, "acquired_at": {"N": str(at)}}
        return {"Item": item}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        self.looks += 1
        rows = [{"name": name, "startDate": AT + after} for name, after in self._executions]
        return [{"executions": rows[at : at + 1]} for at in range(len(rows))]


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the command has waited; time passes by nothing else."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(slept))
    return slept


def run(aws: Aws, monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    monkeypatch.setattr(Installation, "of", classmethod(lambda *_: aws))
    parser = argparse.ArgumentParser()
    backfill.configure(parser)
    out = io.StringIO()
    assert backfill.run(parser.parse_args(list(options)), Console(file=out, width=200)) == 0
    return out.getvalue()


STARTED = (f"shop-a-aaa-ownera-{NOW * 1000 + 500}", timedelta(seconds=1))
YESTERDAY = (f"shop-b-bbb-ownerb-{(NOW - 86_400) * 1000}", timedelta(days=-1))


def test_what_has_begun_is_notified_apart_from_what_has_not(
    monkeypatch: pytest.MonkeyPatch, naps: list[float]
) -> None:
    shown = run(Aws(STARTED, YESTERDAY), monkeypatch)
    assert "1 of 2 scans have begun" in shown
    assert "scanned now: shop/a:1 in web (no verdict)" in shown
    assert "not begun: shop/b:1 in 1, 2, 3 and 2 more (ERROR: no)" in shown
    assert 60 <= sum(naps) < 70


def test_what_is_not_named_is_counted(monkeypatch: pytest.MonkeyPatch, naps: list[float]) -> None:
    scans = [{**each, "workloads_total": 1000} for each in FOUND["scans"]]
    found = {**FOUND, "scans": scans, "scans_total": 9000}
    shown = run(Aws(STARTED, YESTERDAY, answer=found), monkeypatch)
    assert "1 of 2 scans have begun, and 8998 more are not named here" in shown
    assert "scanned now: shop/a:1 in web and 999 more (no verdict)" in shown
    assert "not begun: shop/b:1 in 1, 2, 3 and 997 more (ERROR: no)" in shown


def test_nobody_waits_when_all_have_begun(
    monkeypatch: pytest.MonkeyPatch, naps: list[float]
) -> None:
    found = {**FOUND, "scans": FOUND["scans"][:1]}
    stated = json.loads(run(Aws(STARTED, answer=found), monkeypatch, "--json"))
    assert [each["started"] for each in stated["scans"]] == [True]
    assert sum(naps) < 2


def test_nothing_to_scan_says_nothing_of_scans(
    monkeypatch: pytest.MonkeyPatch, naps: list[float]
) -> None:
    shown = run(Aws(answer={**FOUND, "scans": []}), monkeypatch)
    assert "33 %" in shown
    assert "begun" not in shown
    assert naps == []


def test_a_reconciliation_that_fails_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, naps: list[float]
) -> None:
    failed = {"errorType": "AwsUnavailable", "errorMessage": "ecs:ListTasks"}
    with pytest.raises(OpsError, match="AwsUnavailable: ecs:ListTasks"):
        run(Aws(answer=failed), monkeypatch)
