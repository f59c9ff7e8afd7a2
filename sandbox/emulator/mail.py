"""What SNS sends by e-mail, which ministack does not: `GET /_sandbox/mail`, newest last.

https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import sns

Json = dict[str, Any]

sent: list[Json] = []


def matches(stock: Any, subscription: Json, attributes: Json, message: str = "") -> bool:
    """Keeps what goes to subscribers by e-mail; ministack has no mail.

    This is the last step before a message goes to a subscriber.
    """
    wanted = bool(stock(subscription, attributes, message))
    if wanted and subscription["protocol"] == "email":
        sent.append({"to": subscription["endpoint"], "text": message})
    return wanted


def subscribe(stock: Any, params: Json) -> Any:
    """Mails an address the token of its confirmation; ministack confirms it at once."""
    known = {each["arn"] for each in _subscriptions()}
    status, headers, body = stock(params)
    for subscription in _subscriptions():
        if subscription["arn"] not in known and subscription["protocol"] == "email":
            subscription.update(confirmed=False, token=new_uuid())
            subscription["attributes"] |= {
                "PendingConfirmation": "true",
                "ConfirmationWasAuthenticated": "false",
            }
            text = f"Confirm the subscription to {subscription['topic_arn']}"
            to, token = subscription["endpoint"], subscription["token"]
            sent.append({"to": to, "text": text, "token": token})
    if sns._p(params, "ReturnSubscriptionArn") != "true":
        body = _without_arns(body, "pending confirmation")
    return status, headers, body


def listed(stock: Any, params: Json) -> Any:
    """Lists pending subscriptions without their ARN; ministack shows it."""
    status, headers, body = stock(params)
    return status, headers, _without_arns(body, "PendingConfirmation")


def _without_arns(body: bytes, instead: str) -> bytes:
    for subscription in _subscriptions():
        if not subscription["confirmed"]:
            body = body.replace(
                f"<SubscriptionArn>{subscription['arn']}<".encode(),
                f"<SubscriptionArn>{instead}<".encode(),
            )
    return body


def _subscriptions() -> list[Json]:
    """Those of all topics of this account and region."""
    return [each for topic in sns._topics.values() for each in topic["subscriptions"]]
