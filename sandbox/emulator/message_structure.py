"""AWS sends message attributes only with the message structure String, not with JSON.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
"""

from typing import Any

Json = dict[str, Any]


def fan_out(
    stock: Any,
    topic_arn: str,
    message_id: str,
    message: str,
    subject: str,
    message_structure: str = "",
    message_attributes: Json | None = None,
    **options: str,
) -> None:
    """Drops the attributes of a message with the structure JSON; ministack delivers them.

    AWS promises nothing for filters then. Here they find no attribute, so that none matches.
    """
    attributes = {} if message_structure == "json" else message_attributes
    stock(topic_arn, message_id, message, subject, message_structure, attributes, **options)
