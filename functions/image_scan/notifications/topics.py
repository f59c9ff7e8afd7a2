"""Publishes notifications: to one topic for each kind of reader, and to the topics of teams.

A message has a single text. With a text for each protocol, SNS sends no attributes, and does not
guarantee that filters work.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_scan import log
from image_scan.aws import clients
from image_scan.contracts import READERS
from image_scan.errors import AwsRejected, AwsUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from image_scan.contracts import Reader


@dataclass(frozen=True)
class Notification:
    """What is published: a text for each kind of reader, and attributes to filter by."""

    subject: str
    texts: Mapping[Reader, str]
    attributes: Mapping[str, MessageAttributeValueTypeDef]


@dataclass(frozen=True)
class Topics:
    """`arns` are the topics of the installation, `teams` the topics of single teams."""

    sns: SNSClient
    arns: Mapping[Reader, str]
    teams: Mapping[str, Mapping[Reader, str]]

    def publish(self, notification: Notification, teams: Collection[str] = ()) -> None:
        """Publishes to every topic, to people first. Raises errors only after the last topic.

        Raises AwsUnavailable if another try may succeed, else AwsRejected. Another try publishes
        to all topics again: a notification may be repeated, but is not lost.
        """
        failures: list[AwsRejected | AwsUnavailable] = []
        for reader, arn in self._recipients(teams):
            try:
                self._publish(arn, notification, reader)
            except (AwsRejected, AwsUnavailable) as error:
                log.error("a topic did not take a notification", topic=arn, reason=str(error))
                failures.append(error)
        if failures:
            raise next((each for each in failures if isinstance(each, AwsUnavailable)), failures[0])

    def _recipients(self, teams: Collection[str]) -> Iterator[tuple[Reader, str]]:
        own = [self.teams[team] for team in sorted(teams) if team in self.teams]
        for reader in READERS:
            arns = [self.arns[reader], *(topics[reader] for topics in own if topics.get(reader))]
            yield from ((reader, arn) for arn in dict.fromkeys(arns))

    def _publish(self, arn: str, notification: Notification, reader: Reader) -> None:
        with clients.calls("sns:Publish"):
            self.sns.publish(
                TopicArn=arn,
                Subject=notification.subject,
                Message=notification.texts[reader],
                MessageAttributes=notification.attributes,
            )
