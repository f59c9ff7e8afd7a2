"""What SNS would send by e-mail, which ministack does not: `GET /_sandbox/mail`, newest last."""

from typing import Any

from ministack.services import sns

from sandbox.emulator.patching import around

Json = dict[str, Any]

sent: list[Json] = []


@around(sns, "_matches_filter_policy")
def matches(stock: Any, subscription: Json, attributes: Json, message: str = "") -> bool:
    """The last step before a message goes to a subscriber."""
    wanted = bool(stock(subscription, attributes, message))
    if wanted and subscription["protocol"] == "email":
        sent.append({"to": subscription["endpoint"], "text": message})
    return wanted
