"""What the demo shows on a narrow terminal, and how Ctrl-C ends it. `tests/e2e/demo` runs it."""

from __future__ import annotations

import io
import signal
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from rich.console import Console

from image_scan.ecr import references
from sandbox import demo, demo_organization, demo_view
from sandbox.gated import Deployed
from sandbox.scenario import GATED, Row

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.installation import Installation
    from sandbox.scenario import Scenario

DIGEST = "sha256:" + "a1" * 32
HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
WORKLOAD = {
    "service": "payments-batch",
    "task_definition": "arn:aws:ecs:us-east-1:111111111111:task-definition/payments-batch:1",
}
NOTIFIED = {
    "subject": "Scan: shop/payments - 2C/1H :1.4.2 in 111111111111",
    "image": {"digest": DIGEST, "uri": f"{HOST}/shop/payments:1.4.2"},
    "workloads": [WORKLOAD],
    "registered": [],
    "reason": "",
    "verdict": "FINDINGS",
}
INVENTORY = {
    **WORKLOAD,
    "cluster": "shop",
    "workload": "111111111111#us-east-1#shop#payments-batch",
    "digest": DIGEST,
    "uri": f"{HOST}/shop/payments:1.4.2@{DIGEST}",  # as the event of a task has it
    "state": "running",
    "principal": "arn:aws:iam::111111111111:user/ci-deployer",
}


class Shown:
    """An installation with one image of one service."""

    def verdicts(self) -> Any:
        counts = {"critical": 2, "high": 1, "medium": 0, "low": 1}
        return {DIGEST: {"status": "FINDINGS", "counts": counts, "uri": "", "digest": DIGEST}}

    def notifications(self) -> Any:
        return [NOTIFIED]

    def scans(self) -> Any:
        return []

    def inventory(self) -> Any:
        redis = references.parse("redis:7.2")
        assert isinstance(redis, references.Unscannable)
        return [INVENTORY, {**INVENTORY, "digest": redis.key, "uri": redis.uri}]

    def mail(self, _: str) -> list[str]:
        return ["shop/payments:1.4.2: 2 critical, 1 high\n"]

    def failed_events(self) -> Any:
        return []


def test_nothing_is_cut_at_80_columns() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80)
    image = f"{HOST}/shop/payments:1.4.2"
    row = Row("payments-batch", image, DIGEST, "FINDINGS", (2, 1, 0, 1), scanned=False)
    gated = [Deployed("checkout", image, *ended) for ended in GATED]
    scenario = cast("Scenario", SimpleNamespace(rows=[row], gated=gated))
    assert demo_view.show(console, cast("Installation", Shown()), scenario)
    text = out.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    for words in ("payments-batch", "shop/payments:1.4.2", "ci-deployer", "2/1/0/1", "FINDINGS"):
        assert words in text
    assert "shop/payments-batch" in text
    assert "#" not in text
    assert "nobody" not in text
    (redis,) = [line for line in text.splitlines() if "redis" in line]
    assert "UNSCANNABLE" in redis


@pytest.mark.parametrize("module", [demo, demo_organization])
def test_ctrl_c_is_a_sentence(
    module: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any, **__: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run", interrupted)
    monkeypatch.setattr(sys, "argv", ["demo"])
    assert module.main() == 130
    assert capsys.readouterr().err == "Interrupted. Nothing of the demo is left.\n"


def test_ctrl_c_ends_a_demo_that_would_have_stayed_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It has a session of its own, so that the terminal's Ctrl-C does not reach it."""
    sent: list[int] = []

    def poll() -> None:
        raise KeyboardInterrupt

    holder = SimpleNamespace(poll=poll, send_signal=sent.append, wait=lambda: 130, returncode=130)
    monkeypatch.setattr(demo, "RUNNING", tmp_path / "demo.json")
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: holder)
    monkeypatch.setattr(sys, "argv", ["demo", "--keep"])
    assert demo.main() == 130
    assert sent == [signal.SIGINT]
