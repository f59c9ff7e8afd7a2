"""Answers that the Terraform provider compares with its plan, made whole.

Where ministack keeps less than it was told, or tells less than it keeps, every plan after an apply
would want to change the same things again.
"""

import json
import time
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import json_response
from ministack.services import cloudtrail, cloudwatch, organizations, stepfunctions

from sandbox.emulator.patching import around, entry

Json = dict[str, Any]


@entry(cloudtrail._DISPATCH, "CreateTrail")
def create_trail(stock: Any, data: Json) -> Any:
    """With its tags."""
    status, headers, body = stock(data)
    if status == 200 and data.get("TagsList"):
        cloudtrail._trail_tags[json.loads(body)["TrailARN"]] = {
            tag["Key"]: tag.get("Value", "") for tag in data["TagsList"]
        }
    return status, headers, body


@around(stepfunctions, "_update_state_machine")
@around(stepfunctions, "_create_state_machine")
def keep_tracing(stock: Any, data: Json) -> Any:
    status, headers, body = stock(data)
    answer = json.loads(body)
    arn = data.get("stateMachineArn") or answer.get("stateMachineArn")
    if status == 200 and "tracingConfiguration" in data:
        stepfunctions._state_machines[arn]["tracingConfiguration"] = data["tracingConfiguration"]
    return status, headers, body


@around(cloudwatch, "_describe_alarms")
def describe_alarms(
    stock: Any, params: Json, data: Json, is_cbor: bool, is_json: bool = False
) -> Any:
    """The XML answer with all that the JSON answer has."""
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


# What `data.aws_organizations_organization` asks as well.
organizations._DISPATCH["ListAWSServiceAccessForOrganization"] = lambda _data: json_response(
    {"EnabledServicePrincipals": []}
)
