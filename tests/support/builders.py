"""Values that the tests are about, complete and valid; a test states only what it changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from image_scan.contracts import (
    CacheDecision,
    CompletionInput,
    Deployment,
    Image,
    Lease,
    Registry,
    ScanInput,
    Status,
    Submission,
)
from image_scan.notifications.policy import NotificationPolicy
from image_scan.results import Counts, Outcome

if TYPE_CHECKING:
    from image_scan.cache.leases import ScanCache

ACCOUNT = "123456789012"  # moto's own
REGION = "us-east-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
GATEWAY = "https://gateway.example.com"
API = f"{GATEWAY}/csapi/v1.3"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/qualys-registry"
NOW = 1_770_000_000  # seconds
NOW_MS = NOW * 1000

DIGEST = "sha256:" + "d" * 64
CONFIG = "sha256:" + "c" * 64
SHA = "c" * 64

REGISTRY = Registry(uuid="reg-1", cached=True, first_wait=60)
JOB = "f677b189-8b54-46ba-9d24-624b7e98767d"
SUBMISSION = Submission(schedule_uuid=JOB, submitted_at=NOW_MS)
STATUS = Status(
    complete=True, sha=SHA, scanned_at=NOW_MS, fresh=True, reported=0, severe=0, ended_checks=1
)
EVENTS = Path(__file__).parents[1] / "events"


# As by default, but that each unscannable image is notified.
NOTIFY: dict[str, Any] = {
    "min_severity": "high",
    "notify_on": "new",
    "potential": False,
    "only_fixable": False,
    "timeout": True,
    "error": True,
    "unscannable": "each",
}
POLICY = NotificationPolicy.read(NOTIFY)

LEASE, WEEK = 3900, 7 * 86_400
CRITICAL = Outcome(
    verdict="FINDINGS",
    reason="",
    counts={"critical": 1, "high": 0, "medium": 2, "low": 3},
    potential={"critical": 0, "high": 0, "medium": 0, "low": 0},
    exempted=0,
    top=[
        {
            "qid": 1,
            "title": "t",
            "severity": 5,
            "cves": ["CVE-1"],
            "packages": [],
            "fixes": [],
            "patch": False,
            "exploit": False,
        }
    ],
    scanned_at=NOW * 1000,
    fresh=True,
    config_digest="sha256:" + "c" * 64,
)
MEDIUM = Outcome(verdict="FINDINGS", counts={"critical": 0, "high": 0, "medium": 1, "low": 0})
CLEAN = Outcome(verdict="CLEAN", counts={"critical": 0, "high": 0, "medium": 0, "low": 0})


def taken(decision: CacheDecision) -> Lease:
    assert decision["decision"] == "scan"
    assert decision["lease"] is not None
    return decision["lease"]


def image(**changes: Any) -> Image:
    base = Image(
        uri=f"{HOST}/shop/app:1.4.2",
        key=DIGEST,
        account_id=ACCOUNT,
        region=REGION,
        host=HOST,
        repository="shop/app",
        tag="1.4.2",
        digest=DIGEST,
        platform="linux/amd64",
        manifests=[DIGEST],
        configs=[CONFIG],
        certain=True,
        containers=["app"],
        unscannable="",
        role_account_id="",
    )
    return cast("Image", {**base, **changes})


def tag_only(**changes: Any) -> Image:
    """An image whose digest ECR did not give."""
    key = f"{ACCOUNT}/{REGION}/shop/app:1.4.2"
    return image(**{"key": key, "digest": "", "manifests": [], "configs": [], **changes})


def total(counts: Counts) -> int:
    return sum(cast("dict[str, int]", counts).values())


def deployment(**changes: Any) -> Deployment:
    base = Deployment(
        event_id="event-1",
        event_name="CreateService",
        event_time="2026-03-02T08:15:40Z",
        account=ACCOUNT,
        region=REGION,
        cluster="prod",
        service="web",
        task_definition=f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/shop:7",
        principal="arn:aws:sts::123456789012:assumed-role/ci/deployer",
    )
    return cast("Deployment", {**base, **changes})


def scan_input(event_id: str = "event-1", of: Image | None = None, **where: Any) -> ScanInput:
    return ScanInput(
        event_id=event_id,
        deployment=deployment(event_id=event_id, **where),
        image=of or image(),
    )


def to_complete(outcome: Outcome, of: Image | None = None, **more: Any) -> CompletionInput:
    return completion_input(scan_input(of=of), None, outcome, **more)


def completion_input(
    asked: ScanInput, held: Lease | None, outcome: Outcome, **more: Any
) -> CompletionInput:
    """What SendNotification is given at the end of a scan that was asked for."""
    return cast("CompletionInput", {**asked, "lease": held, "outcome": {**outcome}, **more})


def lease(**changes: Any) -> Lease:
    base = Lease(key=DIGEST, owner="owner-1", acquired_at=NOW * 1000, execution_name="scan-1")
    return cast("Lease", {**base, **changes})


def client_error(
    code: str, status: int = 400, message: str = "", operation: str = "BatchGetImage"
) -> ClientError:
    """What the SDK raises where AWS refuses a call."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "HTTPHeaders": {},
                "RequestId": "",
                "HostId": "",
                "RetryAttempts": 0,
            },
        },
        operation,
    )


def finding(severity: int = 5, **changes: Any) -> dict[str, Any]:
    """A vulnerability as Qualys lists it."""
    return {
        "qid": 351234,
        "title": "Security update for expat",
        "severity": severity,
        "customerSeverity": severity,
        "typeDetected": "CONFIRMED",
        "cveids": ["CVE-2022-25235"],
        "cvss3Info": {"baseScore": "9.8", "temporalScore": 8.5},
        "software": [{"name": "expat", "version": "2.1.0-10", "fixVersion": "2.1.0-14"}],
        "isExempted": False,
        **changes,
    }


def findings(number: int, severity: int = 5, **changes: Any) -> list[dict[str, Any]]:
    """So many vulnerabilities, each of a QID of its own."""
    return [finding(severity, **{"qid": 1000 + qid, **changes}) for qid in range(number)]


def qualys_image(**changes: Any) -> dict[str, Any]:
    """An image as a row of Qualys' list: scanned just now, nothing found."""
    return {
        "sha": SHA,
        "imageId": SHA[:12],
        "repo": [{"registry": HOST, "repository": "shop/app", "tag": "1.4.2"}],
        "repoDigests": [{"registry": HOST, "repository": "shop/app", "digest": "d" * 64}],
        "lastVmScanDate": str(NOW_MS + 60_000),
        "scanStatus": "SUCCESS",
        "scanErrorCode": None,
        "vulnerabilities": {f"severity{level}Count": 0 for level in range(1, 6)},
        **changes,
    }


def schedule(status: str = "Finished", **changes: Any) -> dict[str, Any]:
    return {
        "scheduleUuid": JOB,
        "name": "image-scan-scan-1",
        "status": status,
        "created": str(NOW_MS + 500),
        "errors": [],
        **changes,
    }


def event(name: str) -> dict[str, Any]:
    """The recorded event of a file below tests/events."""
    recorded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())["event"]
    return recorded


def listed(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(rows), "count": len(rows)}


def recorded(cache: ScanCache, held: Lease, outcome: Outcome) -> None:
    """A scan has ended, with a result or without one."""
    assert cache.record(held, outcome, WEEK)


def unannounced(*_announced: object) -> None:
    """An event of a result that no rule waits for."""
