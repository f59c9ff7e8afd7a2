"""Reads a queue of events that were not processed, without losing any of them."""

import json
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from ops.answers import answers
from ops.installation import Installation

# Longer than an event takes. Otherwise two readers could process one message, which does no harm.
HIDDEN_SECONDS = 600
_BATCH = 10
# Batches in a row without a message from before, although SQS has counted more of these.
_VAIN = 10


@dataclass(frozen=True)
class Message:
    """`body` is the parsed JSON, None if it is not JSON; `sent_at` is in epoch seconds, `size` in
    characters."""

    id: str
    receipt: str
    sent_at: float
    body: Any
    attributes: dict[str, str]
    size: int = 0


class EventQueue:
    """Reads one queue. Every method raises OpsError if SQS does not answer."""

    def __init__(self, installation: Installation, name: str) -> None:
        self.name = name
        self._url = installation.queue_url(name)
        self._sqs = installation.client("sqs")

    def now(self) -> float:
        """Returns the time by the clock of SQS, in epoch seconds, rounded up."""
        with answers():
            answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        reported = parsedate_to_datetime(date).timestamp() + 1 if date else time.time()
        return math.ceil(reported)

    def count(self) -> int:
        """Returns roughly how many messages there are, without those in flight."""
        name = "ApproximateNumberOfMessages"
        with answers():
            answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"].get(name, 0))

    def is_empty(self) -> bool:
        """Whether no message can be received. Takes a second if there is none."""
        if self.count():
            return False
        batch = self.receive()
        self.release(batch)
        return not batch

    def receive(self, wait_seconds: int = 1) -> list[Message]:
        """Receives up to ten messages and hides them from others for a while; none at the end."""
        with answers():
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=wait_seconds,
                MessageAttributeNames=["All"],
                AttributeNames=["SentTimestamp"],
            )
        return [_message(each) for each in answer.get("Messages", [])]

    def earlier(self) -> Iterator[tuple[list[Message], list[Message]]]:
        """Receives until all that was there at the start is received: SQS gives messages in no
        order, and may never come to an end. Yields each batch, and what of it was there."""
        began, known, seen, vain = self.now(), self.count(), set[str](), 0
        while batch := self.receive():
            old = [message for message in batch if message.sent_at < began]
            vain = 0 if {message.id for message in old} - seen else vain + 1
            seen |= {message.id for message in old}
            yield batch, old
            if vain >= (1 if len(seen) >= known else _VAIN):
                return

    def delete(self, message: Message) -> None:
        with answers():
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)

    def release(self, messages: Iterable[Message]) -> None:
        """Makes messages visible again at once. Ignores messages that are already deleted."""
        for message in messages:
            with answers(), suppress(ClientError):
                self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=message.receipt, VisibilityTimeout=0
                )


def _message(received: dict[str, Any]) -> Message:
    try:
        body = json.loads(received["Body"])
    except ValueError:
        body = None
    return Message(
        id=received["MessageId"],
        receipt=received["ReceiptHandle"],
        sent_at=int(received.get("Attributes", {}).get("SentTimestamp", 0)) / 1000,
        body=body,
        attributes={
            name: value.get("StringValue", "")
            for name, value in received.get("MessageAttributes", {}).items()
        },
        size=len(received["Body"]),
    )
