"""Each handler from its event to its answer, with AWS by moto and Qualys by recorded answers."""

import json
from typing import Any

import boto3
import pytest
import responses

from image_scan.aws import clients
from image_scan.errors import ConfigurationError
from image_scan.handlers import (
    check_cache,
    check_status,
    get_registry,
    get_results,
    parse_event,
    send_notification,
    submit_scan,
)
from image_scan.qualys import connect
from tests.support.builders import (
    API,
    CLEAN,
    CRITICAL,
    DIGEST,
    HOST,
    JOB,
    REGION,
    REGISTRY,
    SHA,
    STATUS,
    SUBMISSION,
    finding,
    lease,
    listed,
    qualys_image,
    scan_input,
    schedule,
)
from tests.support.doubles import Inbox
from tests.support.tables import CACHE as TABLE

TOKEN = "the-token"


@pytest.fixture
def secret(dynamodb: Any, answers: responses.RequestsMock) -> None:
    secrets = boto3.client("secretsmanager", region_name=REGION)
    secrets.create_secret(Name="qualys", SecretString=json.dumps({"token": TOKEN}))


def items(dynamodb: Any) -> dict[str, str]:
    rows = dynamodb.scan(TableName=TABLE)["Items"]
    return {row["imageDigest"]["S"]: row.get("status", {}).get("S", "") for row in rows}


def test_parse_event_skips_with_a_reason(cloud: None) -> None:
    answer = parse_event.handler({"id": "e", "detail-type": "Something else"}, None)
    assert answer["images"] == []
    assert answer["skipped"]


def test_check_cache_takes_the_lease_once(dynamodb: Any) -> None:
    assert check_cache.handler(scan_input("event-1"), None)["decision"] == "scan"
    assert check_cache.handler(scan_input("event-2", service="other"), None)["decision"] == "skip"
    assert items(dynamodb) == {DIGEST: "IN_PROGRESS"}


def test_get_registry_finds_and_remembers(secret: None, answers: responses.RequestsMock) -> None:
    row = {"registryUuid": "reg-1", "registryUri": f"https://{HOST}"}
    answers.get(f"{API}/registry", json=listed(row))
    known = {"uuid": "reg-1", "first_wait": 60}
    assert get_registry.handler(scan_input(), None) == {**known, "cached": False}
    assert get_registry.handler(scan_input(), None) == {**known, "cached": True}
    assert answers.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_submit_scan_names_the_schedule_after_the_execution(
    secret: None, answers: responses.RequestsMock
) -> None:
    answers.post(f"{API}/registry/reg-1/schedule", json={"scheduleUuid": JOB})
    event: Any = {
        **scan_input(),
        "registry": REGISTRY,
        "execution_name": "execution-1",
        "account": "111122223333",
        "attempt": 0,
    }
    assert submit_scan.handler(event, None)["schedule_uuid"] == JOB
    sent = json.loads(answers.calls[-1].request.body or "")
    assert sent["name"] == "image-scan-execution-1"


def test_check_status_and_get_results(
    secret: None, answers: responses.RequestsMock, capsys: pytest.CaptureFixture[str]
) -> None:
    answers.get(f"{API}/registry/reg-1/schedule", json=listed(schedule()))
    answers.get(f"{API}/images/{SHA}", json=qualys_image(vulnerabilities=[{}]))
    event: Any = {
        **scan_input(),
        "registry": REGISTRY,
        "submission": SUBMISSION,
        "ended_checks": 0,
        "last": False,
    }
    status = check_status.handler(event, None)
    assert status["complete"] is True

    answers.get(f"{API}/images/{SHA}/vuln", json={"details": [finding()]})
    answers.get(f"{API}/images/{SHA}/layers/malware", status=204)
    answers.delete(f"{API}/registry/reg-1/schedule/{JOB}", status=204)
    outcome = get_results.handler(event | {"status": status}, None)
    assert outcome["verdict"] == "FINDINGS"
    assert answers.calls[-1].request.method == "DELETE"
    assert TOKEN not in capsys.readouterr().out


def test_the_secret_is_read_once_for_many_calls(
    secret: None, answers: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    client = clients.client("secretsmanager")
    stock = client.get_secret_value

    def read(**named: str) -> Any:
        reads.append(named)
        return stock(**named)

    monkeypatch.setattr(client, "get_secret_value", read)
    answers.get(f"{API}/registry/reg-1/schedule", json=listed(schedule("Running")))
    event: Any = {
        **scan_input(),
        "registry": REGISTRY,
        "submission": SUBMISSION,
        "ended_checks": 0,
        "last": False,
    }
    for _ in range(5):
        check_status.handler(event, None)
    assert len(reads) == 1


def test_a_secret_that_holds_no_text_is_a_mistake_in_the_configuration(dynamodb: Any) -> None:
    secrets = boto3.client("secretsmanager", region_name=REGION)
    secrets.create_secret(Name="qualys", SecretBinary=b"{}")
    with pytest.raises(ConfigurationError, match="credential secret"):
        get_registry.handler(scan_input(), None)


def test_the_ca_bundle_is_read_in_the_version_that_was_deployed(
    dynamodb: Any, secret: None, environment: pytest.MonkeyPatch
) -> None:
    secrets = boto3.client("secretsmanager", region_name=REGION)
    made = secrets.create_secret(Name="ca-bundle", SecretString="no certificate")
    secrets.put_secret_value(SecretId="ca-bundle", SecretString="-----BEGIN another")
    environment.setenv("CA_BUNDLE_ARN", made["ARN"])
    environment.setenv("CA_BUNDLE_VERSION", made["VersionId"])
    read = connect._secret(made["ARN"], VersionId=made["VersionId"])
    assert read == "no certificate"
    with pytest.raises(ConfigurationError, match="the CA bundle has no certificate"):
        get_registry.handler(scan_input(), None)
    environment.delenv("CA_BUNDLE_VERSION")
    with pytest.raises(ConfigurationError, match="CA_BUNDLE_VERSION"):
        get_registry.handler(scan_input(), None)


def test_send_notification_notifies_then_records(dynamodb: Any, inbox: Inbox) -> None:
    decision = check_cache.handler(scan_input(), None)
    event: Any = {**scan_input(), "lease": decision["lease"], "outcome": dict(CRITICAL)}
    answer = send_notification.handler(event, None)
    assert (answer["verdict"], answer["notified"]) == ("FINDINGS", True)
    assert [subject for subject, _ in inbox.messages()] == [
        "Scan: shop/app - 1C/0H (1.4.2, account 123456789012)"
    ]
    assert items(dynamodb) == {DIGEST: "FINDINGS"}


def test_send_notification_links_to_the_image_at_qualys(
    dynamodb: Any, inbox: Inbox, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("QUALYS_PLATFORM_URL", "https://qualys.example.com/")
    decision = check_cache.handler(scan_input(), None)
    event: Any = {**scan_input(), "lease": decision["lease"], "outcome": dict(CRITICAL)}
    send_notification.handler(event, None)
    ((_, stated),) = inbox.messages()
    sha = CRITICAL["config_digest"].removeprefix("sha256:")
    assert f"https://qualys.example.com/cs/#/assets/images/{sha}" in json.dumps(stated)


def test_send_notification_records_a_clean_image_in_silence(dynamodb: Any, inbox: Inbox) -> None:
    decision = check_cache.handler(scan_input(), None)
    event: Any = {**scan_input(), "lease": decision["lease"], "outcome": dict(CLEAN)}
    assert send_notification.handler(event, None)["notified"] is False
    assert inbox.messages() == []
    assert items(dynamodb) == {DIGEST: "CLEAN"}


def test_send_notification_completes_an_execution_that_died(dynamodb: Any, inbox: Inbox) -> None:
    decision = check_cache.handler(scan_input(), None)
    given = {**scan_input(), "lease": decision["lease"]}
    event = {
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"status": "TIMED_OUT", "input": json.dumps(given), "cause": None},
    }
    assert send_notification.handler(event, None)["reason"] == "execution TIMED_OUT"
    assert items(dynamodb) == {DIGEST: "ERROR"}
    assert send_notification.handler(event, None)["notified"] is False
    assert len(inbox.messages()) == 1


def test_a_lease_that_is_not_held_changes_nothing(dynamodb: Any, inbox: Inbox) -> None:
    check_cache.handler(scan_input(), None)
    event: Any = {**scan_input(), "lease": lease(owner="somebody else"), "outcome": dict(CRITICAL)}
    assert send_notification.handler(event, None)["notified"] is False
    assert items(dynamodb) == {DIGEST: "IN_PROGRESS"}
    assert inbox.messages() == []


@pytest.mark.parametrize("handler", [get_registry, submit_scan, check_status, get_results])
@pytest.mark.parametrize("value", ["http://gateway.example.com", "ftp://x", "gateway", ""])
def test_no_credential_goes_over_plain_http(
    handler: Any, value: str, secret: None, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("QUALYS_GATEWAY_URL", value)
    event = {
        **scan_input(),
        "registry": REGISTRY,
        "submission": SUBMISSION,
        "status": STATUS,
        "execution_name": "e",
        "account": "111122223333",
        "attempt": 0,
        "ended_checks": 0,
        "last": False,
    }
    with pytest.raises(ConfigurationError, match="QUALYS_GATEWAY_URL"):
        handler.handler(event, None)
