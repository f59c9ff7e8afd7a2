"""What SNS would send by e-mail, which ministack does not: `GET /_sandbox/mail`, newest last."""

from typing import Any

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
