"""Answers that the Terraform provider compares with its plan, made whole.

Where ministack stores less than it was given, or answers less than it stores, every plan after an
apply would want to change the same things again.
"""

import json
import time
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import json_response
from ministack.services import cloudtrail, cloudwatch, stepfunctions

Json = dict[str, Any]


def create_trail(stock: Any, data: Json) -> Any:
    """Keeps the tags that a trail is made with; ministack drops them."""
    status, headers, body = stock(data)
    if status == 200 and data.get("TagsList"):
        cloudtrail._trail_tags[json.loads(body)["TrailARN"]] = {
            tag["Key"]: tag.get("Value", "") for tag in data["TagsList"]
        }
    return status, headers, body


def keep_tracing(stock: Any, data: Json) -> Any:
    """Keeps the tracing configuration of a machine; ministack drops it."""
    status, headers, body = stock(data)
    answer = json.loads(body)
    arn = data.get("stateMachineArn") or answer.get("stateMachineArn")
    if status == 200 and "tracingConfiguration" in data:
        stepfunctions._state_machines[arn]["tracingConfiguration"] = data["tracingConfiguration"]
    return status, headers, body


def describe_alarms(
    stock: Any, params: Json, data: Json, is_cbor: bool, is_json: bool = False
) -> Any:
    """Answers in XML with all that an alarm has; ministack answers half of it in XML."""
    if is_cbor or is_json:
        return stock(params, data, is_cbor, is_json)
    asked: Json = {
        name: cloudwatch._p(params, name)
        for name in ("AlarmNamePrefix", "StateValue", "MaxRecords", "NextToken")
        if cloudwatch._p(params, name)
    }
    for name in ("AlarmNames", "AlarmTypes"):
        members = [key for key in params if key.startswith(f"{name}.member.")]
        asked[name] = [cloudwatch._p(params, key) for key in members]
    status, _headers, body = stock(params, asked, False, True)
    if status != 200:
        return stock(params, data, is_cbor, is_json)
    result = f"<DescribeAlarmsResult>{_xml(json.loads(body))}</DescribeAlarmsResult>"
    return cloudwatch._xml(200, "DescribeAlarmsResponse", result)


def _xml(value: Any, name: str = "") -> str:
    if isinstance(value, dict):
        members = ((key, item) for key, item in value.items() if item is not None)
        return "".join(f"<{key}>{_xml(item, key)}</{key}>" for key, item in members)
    if isinstance(value, list):
        return "".join(f"<member>{_xml(item)}</member>" for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    if name.endswith("Timestamp") and isinstance(value, int | float):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(value))
    return escape(str(value))


def with_service_access(original: dict[str, Any]) -> dict[str, Any]:
    """Adds ListAWSServiceAccessForOrganization, which ministack does not have.

    Terraform calls it to read `aws_organizations_organization`.
    """

    def answer(_data: Json) -> Any:
        return json_response({"EnabledServicePrincipals": []})

    return original | {"ListAWSServiceAccessForOrganization": answer}
