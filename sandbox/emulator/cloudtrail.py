"""CloudTrail: ECS write calls reach the default bus, in accounts and regions that have a trail.

Delivery is immediate and happens once; AWS takes minutes and may repeat itself.
"""

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_evaluator as iam
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import cloudtrail, eventbridge, organizations
from ministack.services import iam as roles

Json = dict[str, Any]

ECS_TARGET = "AmazonEC2ContainerServiceV20141113."
READS = ("Describe", "List", "Get", "Discover", "Poll")
# What CloudTrail calls an error where the API calls it something else.
ERROR_CODES = {"AccessDeniedException": "AccessDenied"}


@dataclass(frozen=True)
class Call:
    """One API call as it was made and answered."""

    action: str
    headers: dict[str, str]
    request: Json
    status: int
    response: Json


def write_action(headers: dict[str, str]) -> str | None:
    """The ECS operation that a request names, when it is one that a write trail records."""
    target = headers.get("x-amz-target", "")
    if not target.startswith(ECS_TARGET):
        return None
    action = target.removeprefix(ECS_TARGET)
    return None if action.startswith(READS) else action


def record(call: Call) -> None:
    """Put the call on the default bus of its account and region, if a trail covers it."""
    if not is_trailed(get_account_id(), get_region()):
        return
    eventbridge._ensure_default_bus()
    eventbridge._put_events(
        {
            "Entries": [
                {
                    "Source": "aws.ecs",
                    "DetailType": "AWS API Call via CloudTrail",
                    "Detail": json.dumps(event(call)),
                }
            ]
        },
        allow_aws_source=True,
    )


def is_trailed(account: str, region: str) -> bool:
    """Whether a trail that is logging covers management write events of this account and region."""
    for (owner, home, name), trail in list(cloudtrail._trails.all_items()):
        owned = owner == account or (
            trail.get("IsOrganizationTrail") and (owner, account) in organizations._accounts._data
        )
        covers = owned and (home == region or trail.get("IsMultiRegionTrail"))
        if covers and trail.get("IsLogging") and _records_writes(owner, home, name):
            return True
    return False


def _records_writes(account: str, region: str, trail: str) -> bool:
    selectors = cloudtrail._event_selectors.get_scoped(account, region, trail, None)
    return any(map(_selects_writes, selectors or cloudtrail._DEFAULT_EVENT_SELECTORS))


def _selects_writes(selector: Json) -> bool:
    if "FieldSelectors" in selector:
        wanted = {field["Field"]: field.get("Equals", []) for field in selector["FieldSelectors"]}
        reads_only = "true" in wanted.get("readOnly", [])
        return "Management" in wanted.get("eventCategory", []) and not reads_only
    management = selector.get("IncludeManagementEvents", True)
    return bool(management) and selector.get("ReadWriteType", "All") != "ReadOnly"


def event(call: Call) -> Json:
    """The CloudTrail record of a call. A failed one has an error code and no response elements."""
    account, region = get_account_id(), get_region()
    failed = call.status >= 400
    detail: Json = {
        "eventVersion": "1.11",
        "userIdentity": _identity(extract_access_key_id(call.headers) or ""),
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": "ecs.amazonaws.com",
        "eventName": call.action,
        "awsRegion": region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": call.headers.get("user-agent", ""),
    }
    if failed:
        code = str(call.response.get("__type", "ServerException")).rsplit("#", 1)[-1]
        detail["errorCode"] = ERROR_CODES.get(code, code)
        detail["errorMessage"] = call.response.get("message") or call.response.get("Message", "")
    return detail | {
        "requestParameters": None if failed else call.request or None,
        "responseElements": None if failed else _rendered(call.response) or None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"ecs.{region}.amazonaws.com",
        },
    }


def _identity(access_key: str) -> Json:
    account = get_account_id()
    caller = iam.resolve_caller_identity(access_key) or {}
    arn = caller.get("userArn") or f"arn:aws:iam::{account}:root"
    identity: Json = {
        "type": "Root",
        "principalId": caller.get("userId") or account,
        "arn": arn,
        "accountId": account,
        "accessKeyId": access_key,
    }
    if ":user/" in arn:
        return identity | {"type": "IAMUser", "userName": arn.rsplit("/", 1)[-1]}
    if ":assumed-role/" in arn:
        return identity | {"type": "AssumedRole", "sessionContext": _session(caller, account, arn)}
    return identity


def _session(caller: Json, account: str, arn: str) -> Json:
    name = arn.split("/")[1]
    role = roles._roles.get_scoped(account, None, name) or {}
    issued = (caller.get("session") or {}).get("IssuedAt") or time.time()
    return {
        "sessionIssuer": {
            "type": "Role",
            "principalId": role.get("RoleId", ""),
            "arn": role.get("Arn", f"arn:aws:iam::{account}:role/{name}"),
            "accountId": account,
            "userName": name,
        },
        "attributes": {
            "creationDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(issued)),
            "mfaAuthenticated": "false",
        },
    }


def _rendered(value: Any, key: str = "") -> Any:
    """Timestamps as CloudTrail writes them: Nov 23, 2026, 2:25:39 AM."""
    if isinstance(value, dict):
        return {name: _rendered(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_rendered(item, key) for item in value]
    if key.endswith("At") and isinstance(value, int | float):
        return time.strftime("%b %-d, %Y, %-I:%M:%S %p", time.gmtime(value))
    return value
