"""What is piped is whole: nothing is wrapped, cut or padded. A terminal of 80 columns is enough."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from ops import coverage, status_page, where
from ops.hints import make
from ops.printing import Output, facts, image, line, minute, refuse, table
from tests.support.builders import ACCOUNT, DIGEST, HOST, NOW, REGION, WEEK

if TYPE_CHECKING:
    from typing import Any

URI = f"{HOST}/team/shop/a-repository-with-a-long-name@{DIGEST}"
ITEM: dict[str, Any] = {
    "imageDigest": DIGEST,
    "status": "FINDINGS",
    "ttl": NOW + WEEK,
    "uri": URI,
    "repository": "team/shop/a-repository-with-a-long-name",
    "digest": DIGEST,
    "account_id": ACCOUNT,
    "region": REGION,
    "config_digest": DIGEST,
    "counts": {"critical": 1, "high": 2, "medium": 0, "low": 0},
    "top": [
        {
            "qid": 370002,
            "severity": 5,
            "title": "openssl: X.509 e-mail address overflow",
            "cves": ["CVE-2022-3602"],
            "packages": ["openssl 3.0.5"],
            "fixes": ["3.0.7"],
            "patch": True,
            "exploit": True,
            "exploited": True,
            "qds": 95,
        }
    ],
}
RECONCILED = {
    "at": "2026-11-28T17:50:12+00:00",
    "running_images": 1234,
    "fresh_verdicts": 1201,
    "unscannable": 12,
    "coverage_percent": 98,
    "out_of_scope": 3,
    "sent": 33,
    "closed": 140,
    "silent": [],
    "unreadable": {},
}
STATUS: dict[str, Any] = {
    "installation": {"name_prefix": "qualys-image-scan", "account_id": ACCOUNT, "region": REGION},
    "version": "1.2.3",
    "checkout": "1540536",
    "functions": [
        {
            "step": "parse_event",
            "version": "1.2.3",
            "runtime": "python3.12",
            "code_sha256": "pYdzgOdFHJZk",
            "changed": "2026-11-28T17:50:12.000+0000",
        }
    ],
    "intake_last_day": {
        "ExecutionsStarted": 12,
        "ExecutionsSucceeded": 12,
        "ExecutionsFailed": 0,
        "ExecutionsTimedOut": 0,
    },
    "scans": [
        {
            "name": "scan",
            "image": f"{HOST}/shop/payments@{DIGEST}",
            "began": "2026-11-28T17:50:12+00:00",
            "status": "SUCCEEDED",
            "verdict": "FINDINGS",
            "reason": "",
        }
    ],
    "cache": {"known": {"CLEAN": 4}, "expired": 0, "at": NOW},
    "coverage": RECONCILED,
    "queues": [{"name": "qualys-image-scan-failed-events", "messages": 1}],
    "alarms": [
        {"name": "a", "state": "INSUFFICIENT_DATA", "reason": ""},
        {"name": "b", "state": "ALARM", "reason": "one event"},
    ],
    "refused": {},
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def piped(monkeypatch: pytest.MonkeyPatch, show: Any) -> list[str]:
    """The lines that a command prints into a pipe, whatever COLUMNS says."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", "40")
    show(Output())
    return out.getvalue().splitlines()


def on_terminal(show: Any, width: int = 80) -> list[str]:
    """The lines on a terminal; one that is longer is wrapped by the terminal, not in the text."""
    out = Terminal()
    show(Console(file=out, width=width, color_system=None, force_terminal=True))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def known(console: Console) -> None:
    where.show(where.described(ITEM, (), "https://qualys.example"), console)


def shown_status(console: Console) -> None:
    status_page.show(STATUS, lambda target, **given: make(target, "other", **given), console)


def test_a_piped_line_is_whole_and_without_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    for show in (known, shown_status, lambda console: coverage.show([RECONCILED], console)):
        lines = piped(monkeypatch, show)
        assert all(line == line.rstrip() for line in lines)
        assert not any("…" in line for line in lines)
    lines = piped(monkeypatch, known)
    assert any(line.endswith(URI) for line in lines)
    assert any(line.endswith(DIGEST) for line in lines)


def test_nothing_is_broken_in_two_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(on_terminal(known))
    assert URI in text
    assert DIGEST in text


def test_tables_fit_into_80_columns() -> None:
    for show in (shown_status, lambda console: coverage.show([RECONCILED], console)):
        text = on_terminal(show)
        assert max(map(len, text)) <= 80, text
    (row,) = [line for line in on_terminal(shown_status) if "FINDINGS" in line]
    assert row.split() == ["2026-11-28", "17:50", f"shop/payments@{DIGEST[:19]}", "FINDINGS"]
    text = on_terminal(lambda console: coverage.show([RECONCILED], console))
    assert "2026-11-28 17:50" in text[3]
    assert text[3].split()[-2:] == ["33", "140"]
    assert "out of scope: 3 of the images that run" in text
    older = {name: each for name, each in RECONCILED.items() if name != "out_of_scope"}
    text = on_terminal(lambda console: coverage.show([older], console))
    assert "scope" not in "".join(text)


def test_the_table_of_scans_comes_first() -> None:
    text = on_terminal(shown_status)
    titles = [line.strip() for line in text if line.strip()]
    assert titles[0] == "The last 1 scans"
    assert "alarms" in titles[-2]
    assert "1 in alarm, 1 without data yet" in titles[-2]


@pytest.mark.parametrize(
    ("deployed", "shown"),
    [
        (["1.2.3", "1.2.3"], "1.2.3"),
        (
            ["1.2.2", "1.2.2"],
            "1.2.2: deploy again for 1.2.3, or use a clone of the version that is",
        ),
        (["1.2.2", "1.2.3"], "1.2.2 and 1.2.3: deploy again for 1.2.3, or use"),
        ([""], "before 0.1.0: deploy again for 1.2.3"),
        ([], "unknown: deploy again for 1.2.3"),
    ],
)
def test_the_version_that_is_deployed_is_beside_that_of_the_clone(
    deployed: list[str], shown: str
) -> None:
    (function,) = STATUS["functions"]
    functions = [{**function, "version": version} for version in deployed]
    found = {**STATUS, "functions": [*functions, {"step": "scan", "problem": "no"}]}
    text = on_terminal(lambda console: status_page.show(found, str, console), 200)
    lines = dict(line.split(None, 1) for line in text if line.startswith(("version", "this")))
    assert lines["version"].startswith(shown)
    assert (lines["version"] == "1.2.3") is (set(deployed) == {"1.2.3"})
    assert lines["this"] == "clone     1.2.3, 1540536"


def test_what_aws_refuses_is_a_line_of_its_own() -> None:
    refused = {"queues": "AWS refused GetQueueUrl: AccessDenied: no"}
    found = {**STATUS, "queues": None, "refused": refused}
    text = on_terminal(lambda console: status_page.show(found, str, console), 200)
    assert any(line.split(None, 1) == ["queues", refused["queues"]] for line in text)


def test_a_finding_has_package_fix_qid_exploit_and_links() -> None:
    text = "\n".join(on_terminal(known, 300))
    assert (
        "critical, QDS 95  CVE-2022-3602 in openssl 3.0.5: openssl: X.509 e-mail address overflow; "
        "fixed in 3.0.7 [exploited now] (QID 370002)" in text
    )
    assert "and 2 more" in text
    assert f"at Qualys    https://qualys.example/cs/#/assets/images/{DIGEST[7:]}" in text
    assert f"in ECR       https://{REGION}.console.aws.amazon.com/ecr/" in text


def test_names_and_values_are_aligned() -> None:
    text = on_terminal(lambda console: facts([("a", "1"), ("none", ""), ("long", "2")], console))
    assert text == ["a     1", "long  2"]


def test_short_forms() -> None:
    assert minute("2026-11-28T18:50:12+01:00") == "2026-11-28 17:50"
    assert image(f"{HOST}/shop/web:1", ACCOUNT, REGION) == "shop/web:1"
    assert image(f"{HOST}/shop/web:1", ACCOUNT, "eu-west-1") == f"{HOST}/shop/web:1"
    assert image("redis", ACCOUNT, REGION) == "redis"
    assert table("a").columns[0].overflow == "fold"


@pytest.mark.attack(12)
@pytest.mark.parametrize("columns", [None, "80"])
def test_nothing_that_others_wrote_controls_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str | None
) -> None:
    """A title of a window, a moved cursor, a link; in a line, a value and a table."""
    evil = "app\x1b]0;owned\x07 \x1b[2J \x1b]8;;https://evil.example\x1b\\ \x9b31m \u202egnp"
    if columns:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setenv("TERM", "dumb")
    console = Output()
    line(evil, console)
    facts([("image", evil)], console)
    shown = table("image")
    shown.add_row(evil)
    console.print(shown)
    refuse(evil, 2, as_json=False)
    printed = capsys.readouterr()
    for text in (printed.out, printed.err):
        assert "owned" in text
        assert all(each.isprintable() or each == "\n" for each in text)
