"""Each format of a notification as it was looked at: golden/<case>/<format>.

`UPDATE_GOLDEN=1 pytest tests/unit/notifications/test_golden.py` writes them again: look at them.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from image_scan.events.workloads import workload_of
from image_scan.findings import encoding
from image_scan.inventory.coverage import UnscannableImage
from image_scan.notifications import digest as daily_digest
from image_scan.notifications import message
from image_scan.notifications.acceptance import parse_exceptions
from image_scan.notifications.policy import Judged
from image_scan.notifications.selection import Selection
from image_scan.notifications.topics import Notification
from image_scan.results import Counts, Detection, Outcome, TopFinding
from tests.support.builders import NOW, image, scan_input, to_complete
from tests.unit.notifications.test_digest import LATE

if TYPE_CHECKING:
    from image_scan.contracts import Image
    from image_scan.notifications.topics import Notification

GOLDEN = Path(__file__).parent / "golden"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:qualys-image-scan-scan:5f0c-1"
PLATFORM = "https://qualysguard.qg2.apps.qualys.com"
HOSTILE = (
    "a\r\nSubject: all clear\x1b[2J\u202e<!channel> <script>alert(1)</script> "
    "<https://evil.example|open> *b* `c` @here [x](https://evil.example) ${jndi:x} {% y %}"
)


def top(qid: int, severity: int, title: str, **changes: Any) -> TopFinding:
    base: Any = {"cves": [], "packages": [], "fixes": [], "patch": False, "exploit": False}
    return cast("TopFinding", {"qid": qid, "severity": severity, "title": title, **base, **changes})


OPENSSL = top(
    38888,
    5,
    "OpenSSL buffer overflow",
    cves=["CVE-2026-0001"],
    packages=["openssl 3.0.7"],
    fixes=["openssl 3.0.8"],
    patch=True,
    exploit=True,
    exploited=True,
    qds=95,
)
EXPAT = top(
    351234,
    4,
    "Security update for expat",
    cves=["CVE-2022-25235"],
    packages=["expat 2.1.0-10"],
    exploit=True,
)
ZERO: Counts = {"critical": 0, "high": 0, "medium": 0, "low": 0}
FOUND = Outcome(
    verdict="FINDINGS",
    reason="",
    counts={"critical": 1, "high": 1, "medium": 12, "low": 3},
    potential={"critical": 0, "high": 1, "medium": 0, "low": 0},
    fixable={"critical": 1, "high": 0, "medium": 4, "low": 0},
    exempted=0,
    examined=["vulnerabilities", "secrets"],
    secrets=ZERO,
    detections=[],
    top=[OPENSSL, EXPAT],
    scanned_at=NOW * 1000,
    fresh=True,
    config_digest="sha256:" + "c" * 64,
)


def where(**facts: str) -> dict[str, Any]:
    named = {"principal": "arn:aws:sts::123456789012:assumed-role/ci/deploy", **facts}
    return dict([workload_of(scan_input(of=image(), **named))])


def sent(outcome: Outcome, of: Image, selection: Selection, **task_facts: Any) -> Notification:
    completed = to_complete(outcome, of, **task_facts)
    content = message.compose(completed, outcome, selection, PLATFORM)
    return message.notification(content, selection)


def findings() -> Notification:
    """Of two workloads, one of which is compared with the version before; one finding is
    accepted."""
    workloads = where(service="web") | where(service="worker", cluster="batch")
    web = next(name for name in workloads if name.endswith("#web"))
    listed = [
        encoding.Finding(38888, 5, False, True, ("CVE-2026-0001",)),
        encoding.Finding(351234, 4, False, False, ("CVE-2022-25235",)),
    ]
    judged = Judged(listed, 1, True, True, new=listed[:1], still_open=listed[1:], fixed=())
    selection = Selection(workloads, listed, 1, {web: judged}, {web: "payments"})
    return sent(FOUND, image(), selection, execution_arn=EXECUTION)


def detections() -> Notification:
    """No vulnerability of the image is notified, but malware and secrets are."""
    outcome: Outcome = {
        **FOUND,
        "counts": ZERO,
        "fixable": ZERO,
        "top": [],
        "examined": ["vulnerabilities", "malware", "secrets"],
        "malware": {**ZERO, "medium": 2},
        "secrets": {**ZERO, "critical": 1},
        "detections": [
            detection("malware", "libz.so.1", "medium", "mirai, dropper"),
            detection("malware", "layer 3c779f3f3c77", "medium", ""),
            detection("secret", "AWS Access Key", "critical", "AWS"),
        ],
    }
    return sent(outcome, image(), Selection(where(), [], 0), execution_arn=EXECUTION)


def detection(kind: Any, name: str, severity: Any, family: str) -> Detection:
    return Detection(kind=kind, name=name, severity=severity, family=family)


def registered() -> Notification:
    """Of a task definition that nothing runs."""
    definition = "arn:aws:ecs:us-east-1:123456789012:task-definition/regonly:1"
    nowhere = {"service": "", "cluster": "", "task_definition": definition}
    workloads = where(event_name="RegisterTaskDefinition", **nowhere)
    teams = dict.fromkeys(workloads, "payments")
    return sent(FOUND, image(), Selection(workloads, teams=teams), execution_arn=EXECUTION)


def hostile() -> Notification:
    names = dict.fromkeys(("service", "cluster", "task_definition", "principal"), HOSTILE)
    bad = top(1, 5, HOSTILE, cves=[HOSTILE], packages=[HOSTILE], fixes=[HOSTILE])
    of = image(repository=HOSTILE, tag=HOSTILE, uri=HOSTILE)
    workloads = where(**names)
    teams = dict.fromkeys(workloads, HOSTILE)
    outcome: Outcome = {
        **FOUND,
        "top": [bad],
        "reason": HOSTILE,
        "malware": {**ZERO, "high": 1},
        "detections": [detection("malware", HOSTILE, "high", HOSTILE)],
    }
    return sent(outcome, of, Selection(workloads, teams=teams))


def by_hand() -> Notification:
    """Of an image that nothing is known to run."""
    return sent(FOUND, image(), Selection(where(event_name="ScanRequest", service="")))


def no_result(verdict: Any, reason: str, of: Image | None = None) -> Notification:
    outcome = Outcome(verdict=verdict, reason=reason)
    return sent(outcome, of or image(), Selection(where()), execution_arn=EXECUTION)


def unscannable() -> Notification:
    uri = "docker.io/library/nginx:1.27"
    of = image(uri=uri, repository="docker.io/library/nginx", tag="", digest="", account_id="")
    outcome = Outcome(verdict="UNSCANNABLE", reason="not an ECR image: docker.io")
    return sent(outcome, of, Selection(where()))


def digest() -> dict[str, Any]:
    nginx = UnscannableImage(
        "docker.io/library/nginx:1.27",
        "not an ECR image: docker.io",
        {"web in 123456789012/us-east-1/prod"},
    )
    until = {"until": "2026-02-05", "reason": "the parser is not reachable", "owner": "shop team"}
    exceptions = parse_exceptions([{"cve": "CVE-2026-0001", "repository": "shop/*", **until}])
    failed = {"broken": UnscannableImage("shop/broken:1", "no space", {"1#eu#prod#c"}, "ERROR")}
    return daily_digest.digest({"nginx": nginx}, failed, LATE, exceptions, date(2026, 2, 2)) or {}


def stopped() -> Notification:
    """Of a credential that Qualys refuses: no image can be scanned."""
    reason = "QualysUnauthorized: HTTP 401"
    outcome = Outcome(verdict="ERROR", reason=reason, error="QualysUnauthorized")
    return sent(outcome, image(), Selection(where()), execution_arn=EXECUTION)


CASES = {
    "findings": findings,
    "detections": detections,
    "registered": registered,
    "hostile": hostile,
    "by_hand": by_hand,
    "timeout": lambda: no_result("TIMEOUT", "no result after 30 checks, 60 s apart"),
    "error": lambda: no_result("ERROR", "ScanFailed: the image cannot be pulled"),
    "stopped": stopped,
    "unscannable": unscannable,
}


def formats(made: Notification) -> dict[str, str]:
    return {
        "email.txt": made.texts["people"],
        "sms.txt": made.texts["phones"] + "\n",
        "chat.json": shown(json.loads(made.texts["chat"])),
        "message.json": shown(json.loads(made.texts["machines"])),
    }


def shown(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"


def check(case: str, found: dict[str, str]) -> None:
    folder = GOLDEN / case
    if os.environ.get("UPDATE_GOLDEN"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in found.items():
            (folder / name).write_bytes(text.encode())
    stored = {file.name: file.read_bytes().decode() for file in folder.iterdir()}
    assert found == stored


@pytest.mark.parametrize("case", CASES)
def test_a_notification_reads_as_it_did(case: str) -> None:
    made = CASES[case]()
    envelope = {"subject": made.subject, **made.attributes}
    check(case, {**formats(made), "envelope.json": shown(envelope)})


def test_a_digest_reads_as_it_did() -> None:
    check("digest", formats(daily_digest.notification(digest())))


def test_every_golden_file_is_of_a_case() -> None:
    assert {folder.name for folder in GOLDEN.iterdir()} == {*CASES, "digest"}


@pytest.mark.held("injected text")
def test_hostile_names_are_text_wherever_they_are_shown() -> None:
    """Besides the golden files: what they must never hold, whatever is written there again."""
    made = formats(hostile())
    for name in ("email.txt", "sms.txt"):
        assert all(line.isprintable() for line in made[name].split("\n"))
    assert "\nSubject:" not in made["email.txt"]
    chat = json.loads(made["chat.json"])
    words = json.dumps(chat, ensure_ascii=False)
    assert not any(each in words for each in ("<!", "<script", "https://evil", "](https", "@here"))
    assert "\x1b" not in words + made["email.txt"] + made["sms.txt"]
    assert "\u202e" not in words + made["email.txt"] + made["sms.txt"]
