"""What the owner of an image reads: one SNS message per verdict that calls for one."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from image_scan import aws, notification_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from image_scan.payloads import Image, ImageTask, Outcome, Place

_LONGEST_SUBJECT = 100  # characters, printable ASCII; SNS refuses any other
_MOST_PLACES = 100
_LARGEST = 150_000  # bytes; SNS takes 256 KiB, and names in ECS can be long
_IMAGE = ("uri", "digest", "repository", "tag", "account_id", "region")
_RESULT = ("counts", "potential", "exempted", "fresh", "config_digest")


class Topic:
    """The SNS topic of the install."""

    def __init__(self, sns: SNSClient, arn: str) -> None:
        self._sns = sns
        self._arn = arn

    def tell(self, task: ImageTask, outcome: Outcome, places: Mapping[str, Place]) -> None:
        """Raises AwsUnavailable or AwsRejected when SNS does not take the message."""
        told = message(task["image"], outcome, places)
        with aws.calls("sns:Publish"):
            self._sns.publish(
                TopicArn=self._arn,
                Subject=subject(task["image"], outcome),
                Message=by_protocol(told),
                MessageStructure="json",
                MessageAttributes=attributes(told),
            )


def subject(image: Image, outcome: Outcome) -> str:
    """`Scan: <repository> - <n>C/<m>H`, or the verdict where there are no counts."""
    counts = outcome.get("counts")
    result = f"{counts['critical']}C/{counts['high']}H" if counts else outcome["verdict"]
    repository = re.sub(r"[^!-~]", "?", image["repository"])
    room = _LONGEST_SUBJECT - len(f"Scan:  - {result}")
    return f"Scan: {repository[:room]} - {result}"


def message(image: Image, outcome: Outcome, places: Mapping[str, Place]) -> dict[str, Any]:
    scanned_at = outcome.get("scanned_at")
    facts: dict[str, Any] = {name: outcome[name] for name in _RESULT if name in outcome}  # type: ignore[literal-required]
    if scanned_at:
        facts["scanned_at"] = datetime.fromtimestamp(scanned_at / 1000, UTC).isoformat()
    return {
        "verdict": outcome["verdict"],
        "reason": reason(outcome),
        "image": {name: image[name] for name in _IMAGE},  # type: ignore[literal-required]
        **facts,
        "findings": outcome.get("top", []),
        "deployed": _shown([place for _, place in sorted(places.items())[:_MOST_PLACES]]),
        "deployed_total": len(places),
    }


def by_protocol(told: dict[str, Any]) -> str:
    """JSON for machines, words for people: SNS delivers by the protocol of a subscriber."""
    return json.dumps(
        {
            "default": json.dumps(told),
            "email": notification_text.email(told),
            "sms": notification_text.sms(told),
        }
    )


def attributes(told: dict[str, Any]) -> dict[str, MessageAttributeValueTypeDef]:
    """What a subscription can filter by; of the places, each value of any of them."""
    single = {
        "verdict": told["verdict"],
        "max_severity": _max_severity(told),
        "repository": told["image"]["repository"],
    }
    several = {
        name: sorted({place[name] for place in told["deployed"]} - {""})
        for name in ("account", "region", "cluster", "service")
    }
    found: dict[str, MessageAttributeValueTypeDef] = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in single.items()
        if value
    }
    for name, values in several.items():
        if values:
            found[name] = {"DataType": "String.Array", "StringValue": json.dumps(values)}
    return found


def _max_severity(told: dict[str, Any]) -> str:
    """`unknown` where there is no result, `none` where there is no finding."""
    if "counts" not in told:
        return "unknown"
    found = (name for name in ("critical", "high", "medium", "low") if told["counts"][name])
    return next(found, "none")


def _shown(places: list[Place]) -> list[Place]:
    """As many of them as a message has room for."""
    while len(json.dumps(json.dumps(places))) > _LARGEST:
        places = places[: len(places) // 2]
    return places


def reason(outcome: Outcome) -> str:
    """Why there is no result, from the error that a state machine caught where there was one."""
    if outcome.get("reason") or "error" not in outcome:
        return outcome.get("reason", "")
    cause = outcome.get("cause") or ""
    try:
        told = json.loads(cause)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict):
        cause = str(told.get("errorMessage") or "")
    words = f"{outcome['error']}: {cause[:500]}".rstrip(": ")
    return words.encode("utf-8", "replace").decode()
