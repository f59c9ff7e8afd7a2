"""From a result event to Security Hub, by moto: its calls are checked by the SDK's model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from image_scan.aws import clients, cross_account
from image_scan.errors import AwsRejected, AwsUnavailable, MalformedEvent
from image_scan.handlers import import_findings
from image_scan.security_hub import asff
from image_scan.security_hub.state import Known, SecurityHubState
from image_scan.state.keys import hashed
from tests.support.builders import ACCOUNT, DIGEST, REGION, client_error
from tests.support.tables import STATE as TABLE
from tests.unit.security_hub.test_asff import check, result, top

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from image_scan.state.table import StateTable

MEMBER = "222222222222"
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def hub(dynamodb: DynamoDBClient, environment: pytest.MonkeyPatch) -> Any:
    """Security Hub of the installation's own account."""
    environment.setenv("NAME_PREFIX", "qualys-image-scan")
    environment.setenv("ACCOUNT_ID", ACCOUNT)
    environment.setenv(
        "PRODUCT_ARN", f"arn:aws:securityhub:{REGION}:{{account}}:product/{{account}}/default"
    )
    client = boto3.client("securityhub", region_name=REGION)
    client.enable_security_hub()
    return client


def event(*found: Json, day: int = 2, scanned: int = 0, **changes: Any) -> Json:
    """`day` is when it was announced, `scanned` when the scan was, by default on that day."""
    detail = result(*found, scanned_at=f"2026-02-{scanned or day:02}T02:40:00+00:00", **changes)
    return {
        "id": f"result-{day}",
        "source": "image-scan",
        "detail-type": "Container Image Scan Completed",
        "time": f"2026-02-{day:02}T02:41:00Z",
        "account": ACCOUNT,
        "region": REGION,
        "detail": detail,
    }


def owned_by(account: str) -> Json:
    return {**result()["image"], "account_id": account, "role_account_id": account}


def findings(hub: Any) -> dict[str, Json]:
    """By level; each as ASFF has it."""
    found = {each["Id"].rsplit("/", 1)[1]: each for each in hub.get_findings()["Findings"]}
    for each in found.values():
        check(each)
    return found


def states(hub: Any) -> dict[str, str]:
    return {level: each["RecordState"] for level, each in findings(hub).items()}


def take(stated: Json) -> None:
    import_findings.handler(json.loads(json.dumps(stated)), None)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Json]:
    """What Security Hub was asked for."""
    made: list[Json] = []
    client = clients.client("securityhub", REGION)
    original = client.batch_import_findings

    def listen(**arguments: Any) -> Any:
        made.append(arguments)
        return original(**arguments)

    monkeypatch.setattr(client, "batch_import_findings", listen)
    return made


def test_the_first_verdict_makes_a_finding_for_each_level(
    hub: Any, dynamodb: DynamoDBClient
) -> None:
    take(event(top(), top(), top(3)))
    found = findings(hub)
    assert states(hub) == {"critical": "ACTIVE", "medium": "ACTIVE"}
    assert found["critical"]["Title"].startswith("2 critical")
    assert found["critical"]["CreatedAt"] == found["critical"]["UpdatedAt"]
    (state,) = dynamodb.scan(TableName=TABLE)["Items"]
    assert state["key"]["S"] == f"security-hub#{ACCOUNT}#{hashed(DIGEST)}"
    assert set(state["levels"]["M"]) == {"critical", "medium"}


def test_a_later_verdict_updates_the_same_findings(hub: Any) -> None:
    take(event(top(), day=2))
    first = findings(hub)["critical"]
    take(event(top(), top(), day=9))
    (later,) = findings(hub).values()
    assert later["Id"] == first["Id"]
    assert later["CreatedAt"] == first["CreatedAt"] == "2026-02-02T02:41:00Z"
    assert later["UpdatedAt"] == "2026-02-09T02:41:00Z"
    assert later["Title"].startswith("2 critical")


def test_what_a_verdict_has_no_more_is_archived_once(hub: Any, calls: list[Json]) -> None:
    take(event(top(), top(4), day=2))
    take(event(top(4), day=9))
    assert states(hub) == {"critical": "ARCHIVED", "high": "ACTIVE"}
    take(event(day=16))
    assert states(hub) == {"critical": "ARCHIVED", "high": "ARCHIVED"}
    take(event(day=23))
    assert [len(each["Findings"]) for each in calls] == [2, 2, 1]


def test_what_comes_back_is_active_again(hub: Any) -> None:
    take(event(top(), day=2))
    take(event(day=9))
    take(event(top(), day=16))
    assert states(hub) == {"critical": "ACTIVE"}
    assert findings(hub)["critical"]["CreatedAt"] == "2026-02-16T02:41:00Z"


def test_the_same_event_twice_changes_nothing(hub: Any) -> None:
    take(event(top()))
    first = findings(hub)
    take(event(top()))
    assert findings(hub) == first


@pytest.mark.parametrize(
    "old",
    [event(top(), top(4), day=2), event(top(), top(4), day=10, scanned=2)],
    ids=["late", "an old scan announced again"],
)
def test_an_older_verdict_changes_nothing(hub: Any, calls: list[Json], old: Json) -> None:
    take(event(top(4), day=9))
    take(old)
    assert states(hub) == {"high": "ACTIVE"}
    assert len(calls) == 1


def test_nor_does_it_after_a_clean_one(hub: Any) -> None:
    take(event(day=9))
    take(event(top(), day=2))
    assert states(hub) == {}


@pytest.mark.parametrize("verdict", ["UNSCANNABLE", "TIMEOUT", "ERROR"])
def test_without_a_result_nothing_is_archived(hub: Any, verdict: str) -> None:
    take(event(top(), day=2))
    stated = event(day=9, verdict=verdict)
    del stated["detail"]["counts"]
    take(stated)
    assert states(hub) == {"critical": "ACTIVE"}


def test_a_member_s_findings_go_to_its_own_account(
    hub: Any, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("DESCRIBE_ROLE_ARN", "arn:aws:iam::{account}:role/describe")
    environment.setenv("DESCRIBE_EXTERNAL_ID", "installation-1")
    environment.setenv("HUB_ACCOUNT_ID", ACCOUNT)
    cross_account.accounts.cache_clear()
    of_member = clients.client_as(
        f"arn:aws:iam::{MEMBER}:role/describe", "installation-1", "securityhub", REGION
    )
    of_member.enable_security_hub()
    take(event(top(), image=owned_by(MEMBER)))
    (found,) = findings(of_member).values()
    assert found["AwsAccountId"] == MEMBER
    assert found["ProductArn"] == f"arn:aws:securityhub:{REGION}:{MEMBER}:product/{MEMBER}/default"
    assert findings(hub) == {}


def test_an_account_that_is_no_member_is_not_asked(hub: Any) -> None:
    with pytest.raises(AwsRejected, match=MEMBER):
        take(event(top(), image=owned_by(MEMBER)))
    assert findings(hub) == {}


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Any]) -> None:
    monkeypatch.setattr(clients.client("securityhub", REGION), "batch_import_findings", answer)


def test_a_refused_finding_is_an_error_and_sent_again(hub: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        failed = {"Id": "1", "ErrorCode": "InvalidInput", "ErrorMessage": "Title is too long"}
        answer = {"FailedCount": 1, "SuccessCount": 0, "FailedFindings": [failed]}
        answering(patch, lambda **_: answer)
        with pytest.raises(AwsRejected, match="1 of 1 findings refused: InvalidInput: Title"):
            take(event(top()))
    take(event(top()))
    assert states(hub) == {"critical": "ACTIVE"}
    assert findings(hub)["critical"]["Severity"]["Label"] == "CRITICAL"


def test_an_archive_that_failed_is_made_good(hub: Any) -> None:
    take(event(top(), day=2))
    with pytest.MonkeyPatch.context() as patch:
        answering(patch, lambda **_: {"FailedCount": 1, "SuccessCount": 0})
        with pytest.raises(AwsRejected):
            take(event(day=9))
    assert states(hub) == {"critical": "ACTIVE"}
    take(event(day=16))
    assert states(hub) == {"critical": "ARCHIVED"}


@pytest.mark.parametrize("as_call", [True, False])
def test_where_security_hub_is_not_enabled_that_is_said(
    monkeypatch: pytest.MonkeyPatch, as_call: bool
) -> None:
    def refuse(**_: Any) -> Any:
        if as_call:
            raise client_error("InvalidAccessException", operation="BatchImportFindings")
        failed = {"Id": "1", "ErrorCode": "InvalidAccess", "ErrorMessage": ""}
        return {"FailedCount": 1, "FailedFindings": [failed]}

    answering(monkeypatch, refuse)
    with pytest.raises(AwsRejected, match=f"not enabled in account {ACCOUNT}"):
        take(event(top()))


def test_a_throttled_call_may_be_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def throttle(**_: Any) -> Any:
        raise client_error("LimitExceededException", operation="BatchImportFindings")

    answering(monkeypatch, throttle)
    with pytest.raises(AwsUnavailable):
        take(event(top()))


def test_a_malformed_call_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would take anything."""
    made = asff.finding

    def wrong(*arguments: Any) -> Json:
        return {**made(*arguments), "Severity": "high", "Unknown": 1}

    monkeypatch.setattr(asff, "finding", wrong)
    with pytest.raises(AwsRejected, match="invalid parameter"):
        take(event(top()))


def test_another_event_is_refused() -> None:
    stated = event(top(), schema="image-scan/result/2")
    with pytest.raises(MalformedEvent):
        take(stated)


def test_of_two_imports_at_once_the_second_has_to_wait(
    monkeypatch: pytest.MonkeyPatch, hub: Any
) -> None:
    recall = SecurityHubState.recall

    def late(self: SecurityHubState, account: str, image: str) -> Known:
        seen = recall(self, account, image)
        monkeypatch.setattr(SecurityHubState, "recall", recall)
        take(event(top(4), day=9))
        return seen

    monkeypatch.setattr(SecurityHubState, "recall", late)
    with pytest.raises(AwsUnavailable, match="another verdict"):
        take(event(top(), day=2))
    assert states(hub) == {"high": "ACTIVE"}


def test_a_newer_import_archives_what_an_older_one_is_about_to_send(
    monkeypatch: pytest.MonkeyPatch, hub: Any, state: StateTable
) -> None:
    """Security Hub then ignores the older one's, by its time; moto does not."""
    client = clients.client("securityhub", REGION)
    send = client.batch_import_findings
    sent: list[Json] = []

    def slow(**arguments: Any) -> Any:
        monkeypatch.setattr(client, "batch_import_findings", send)
        take(event(day=9))
        sent.extend(arguments["Findings"])
        return {"FailedCount": 0, "SuccessCount": 1}

    monkeypatch.setattr(client, "batch_import_findings", slow)
    take(event(top(), day=2))
    assert states(hub) == {"critical": "ARCHIVED"}
    assert sent[0]["UpdatedAt"] < findings(hub)["critical"]["UpdatedAt"]
    known = SecurityHubState(state).recall(ACCOUNT, DIGEST)
    assert known.levels == {}


NONE = dict.fromkeys(("critical", "high", "medium", "low"), 0)
DETECTED: Json = {
    "verdict": "FINDINGS",
    "examined": ["vulnerabilities", "malware", "secrets"],
    "malware": {**NONE, "medium": 2},
    "secrets": {**NONE, "low": 1, "high": 1},
    "detections": [
        {"kind": "malware", "name": "lib\x00z.so.1", "severity": "medium", "family": "mirai"},
        {"kind": "secret", "name": "AWS Access Key", "severity": "high", "family": "AWS"},
    ],
}


def test_malware_and_secrets_are_a_finding_each(hub: Any) -> None:
    take(event(**DETECTED))
    found = findings(hub)
    assert {level: each["Severity"]["Label"] for level, each in found.items()} == {
        "malware": "MEDIUM",
        "secrets": "HIGH",
    }
    assert found["malware"]["Malware"] == [{"Name": "lib?z.so.1", "State": "OBSERVED"}]
    assert found["malware"]["Title"] == "malware in 2 files in shop/app:1.4.2"
    assert "AWS Access Key" in found["secrets"]["Description"]


def test_what_a_scan_looked_for_and_did_not_find_is_archived(hub: Any) -> None:
    take(event(day=2, **DETECTED))
    take(event(day=3, malware=NONE, secrets=NONE, examined=DETECTED["examined"]))
    assert states(hub) == {"malware": "ARCHIVED", "secrets": "ARCHIVED"}


def test_what_a_scan_did_not_look_for_stays_active_and_is_archived_later(hub: Any) -> None:
    take(event(day=2, **DETECTED))
    take(event(day=3, examined=["vulnerabilities"]))
    assert states(hub) == {"malware": "ACTIVE", "secrets": "ACTIVE"}
    take(event(day=4, malware=NONE, secrets=NONE, examined=DETECTED["examined"]))
    assert states(hub) == {"malware": "ARCHIVED", "secrets": "ARCHIVED"}
