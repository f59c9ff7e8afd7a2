"""Event buses as rule targets, also in another account or region, and the policies on them."""

import contextvars
import json
from typing import Any

from ministack import app
from ministack.core import iam_evaluator as iam
from ministack.core.responses import get_account_id, get_region, json_response, request_scope
from ministack.services import eventbridge

from sandbox.emulator.service_roles import session_arn

Json = dict[str, Any]

# Where a forwarded event has been: [account, region, rule key] of each hop.
HOPS = "_SandboxHops"


# Sources and detail types of the PutEvents call that is being checked.
_put: contextvars.ContextVar[Json | None] = contextvars.ContextVar("put", default=None)


class NotPermittedError(Exception):
    """The destination bus denies access to the sender."""


class NoSuchBusError(Exception):
    """The destination bus does not exist."""


def policy_allows(spec: Any, event: Json, principal: str) -> bool:
    """Checks whether the bus permits a principal of another account to put this event."""
    with request_scope(spec.account_id, spec.region):
        policy = eventbridge._event_bus_policies.get(spec.resource.split("/", 1)[1])
    context = iam.EvalContext(
        principal,
        "AssumedRole" if ":assumed-role/" in principal else "Root",
        principal.split(":")[4],
        "events:PutEvents",
        str(spec),
        spec.region,
        service_context={
            "events:source": [event.get("Source", "")],
            "events:detail-type": [event.get("DetailType", "")],
        },
    )
    return bool(iam.evaluate_resource_policy(policy, context).decision == "Allow")


def resource_arn(
    stock: Any, service: str, method: str, path: str, headers: Any, body: bytes, *others: Any
) -> str:
    """Notes what PutEvents puts, for `enforce`; ministack looks at the bus alone."""
    if service == "events" and headers.get("x-amz-target", "").endswith(".PutEvents"):
        entries = json.loads(body).get("Entries", [])
        _put.set(
            {
                "events:source": [each.get("Source", "") for each in entries],
                "events:detail-type": [each.get("DetailType", "") for each in entries],
            }
        )
    found: str = stock(service, method, path, headers, body, *others)
    return found


def enforce(
    stock: Any,
    access_key: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: Json | None = None,
) -> Any:
    """Checks PutEvents with the condition keys of its entries; ministack has no such keys.

    They are keys of many values, even for one entry: a condition needs a set operator.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    context = dict(service_context or {})
    if action == "events:PutEvents":
        context |= _put.get() or {}
    return stock(access_key, action, service, region, resource_arn, context)


def deliver(
    _stock: Any,
    spec: Any,
    event: Json,
    rule: Json,
    event_path: set[str],
    target_input_payload: str | None = None,
) -> None:
    """Forwards an event to any account and region that lets it in; ministack stays in its own.

    The envelope keeps the account and region where the event happened.
    """
    account, region = get_account_id(), get_region()
    hop = [account, region, f"{rule.get('EventBusName', 'default')}|{rule.get('Name')}"]
    hops = event.get(HOPS, [])
    foreign = spec.account_id != account
    if hop in hops or (foreign and any(past[0] != account for past in hops)):
        app.logger.warning("sandbox: %s gets no event a second account forwards", spec)
        return
    principal = _sender(account, hop[2], str(spec))
    if foreign and not policy_allows(spec, event, principal):
        raise NotPermittedError(f"{principal} may not events:PutEvents on {spec}")
    with request_scope(spec.account_id, spec.region):
        eventbridge._ensure_default_bus()
        bus = spec.resource.split("/", 1)[1]
        if bus not in eventbridge._event_buses:
            raise NoSuchBusError(f"event bus {spec} does not exist")
        here = not foreign and spec.region == region
        forwarded = event | {
            "EventBusName": bus,
            HOPS: [*hops, hop],
            "_DispatchPath": [*event_path, hop[2]] if here else [],
        }
        if target_input_payload is not None:
            forwarded["Detail"] = target_input_payload
        eventbridge._dispatch_event(forwarded)
        internal = {HOPS, "_DispatchPath"}
        eventbridge._archive_event({k: v for k, v in forwarded.items() if k not in internal})


def _sender(account: str, rule: str, bus: str) -> str:
    """The principal that puts a rule's events onto a bus: the target's role, else the account."""
    for target in eventbridge._targets.get(rule, []):
        if target.get("Arn") == bus and (role := target.get("RoleArn")):
            return session_arn(role, "events")
    return f"arn:aws:iam::{account}:root"


def put_permission(stock: Any, data: Json) -> Any:
    """Stores a whole policy document as it is; ministack loses its conditions and principals."""
    if not data.get("Policy"):
        return stock(data)
    eventbridge._event_bus_policies[data.get("EventBusName") or "default"] = json.loads(
        data["Policy"]
    )
    return json_response({})
