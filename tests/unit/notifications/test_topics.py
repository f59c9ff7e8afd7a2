"""Every topic gets a notification, whatever becomes of the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from image_scan import log
from image_scan.contracts import READERS, Reader
from image_scan.errors import AwsRejected, AwsUnavailable
from image_scan.notifications.topics import Notification, Topics

if TYPE_CHECKING:
    from tests.support.doubles import Inbox

TEXTS: dict[Reader, str] = {reader: f"for {reader}" for reader in READERS}
ATTRIBUTES: Any = {"verdict": {"DataType": "String", "StringValue": "FINDINGS"}}
NOTIFICATION = Notification("Scan: shop/app - 1C/0H", TEXTS, ATTRIBUTES)


class Sns:
    """SNS that refuses what is published to some topics, with an error code."""

    def __init__(self, **refused: str) -> None:
        self.refused = refused
        self.calls: list[dict[str, Any]] = []

    def publish(self, **arguments: Any) -> None:
        self.calls.append(arguments)
        if code := self.refused.get(arguments["TopicArn"]):
            raise ClientError({"Error": {"Code": code}}, "Publish")

    def reached(self) -> list[str]:
        return [each["TopicArn"] for each in self.calls]


def topics(sns: Any, teams: dict[str, dict[Reader, str]] | None = None) -> Topics:
    return Topics(sns, {reader: reader for reader in READERS}, teams or {})


@pytest.fixture(autouse=True)
def _logging() -> None:
    log.configure()


def test_each_kind_of_reader_gets_a_plain_text_with_attributes() -> None:
    sns = Sns()
    topics(sns).publish(NOTIFICATION)
    assert sns.reached() == ["people", "phones", "chat", "machines"]
    for reader, call in zip(READERS, sns.calls, strict=True):
        assert call == {
            "TopicArn": reader,
            "Subject": "Scan: shop/app - 1C/0H",
            "Message": f"for {reader}",
            "MessageAttributes": ATTRIBUTES,
        }


def test_a_team_gets_it_at_the_topics_that_it_has() -> None:
    sns = Sns()
    own: dict[str, dict[Reader, str]] = {
        "payments": {"people": "payments", "chat": "payments-chat", "machines": ""},
        "shop": {"people": "shop"},
        "same": {"people": "people"},
    }
    topics(sns, own).publish(NOTIFICATION, {"payments", "same", "a team without a topic"})
    assert sns.reached() == ["people", "payments", "phones", "chat", "payments-chat", "machines"]
    assert sns.calls[1]["Message"] == "for people"
    assert sns.calls[4]["Message"] == "for chat"


@pytest.mark.parametrize("refused", READERS)
def test_what_one_topic_refuses_reaches_the_others(refused: str) -> None:
    sns = Sns(**{refused: "NotFound"})
    with pytest.raises(AwsRejected, match="sns:Publish: NotFound"):
        topics(sns).publish(NOTIFICATION)
    assert sns.reached() == list(READERS)


def test_what_another_try_may_help_is_raised_first() -> None:
    sns = Sns(people="AuthorizationError", machines="Throttled")
    with pytest.raises(AwsUnavailable):
        topics(sns).publish(NOTIFICATION)


def test_a_topic_that_does_not_exist_is_an_error(inbox: Inbox) -> None:
    missing = Topics(inbox.sns, {**inbox.arns, "chat": f"{inbox.arns['chat']}-gone"}, {})
    with pytest.raises(AwsRejected, match="sns:Publish: NotFound"):
        missing.publish(NOTIFICATION)
    assert inbox.messages("people") == [("Scan: shop/app - 1C/0H", "for people")]
    assert inbox.messages("machines") == [("Scan: shop/app - 1C/0H", "for machines")]


def test_the_log_names_the_topic(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AwsRejected):
        topics(Sns(chat="NotFound")).publish(NOTIFICATION)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["topic"] == "chat"
