"""Checks permissions of AWS services: by the role they assume, or by the called resource's policy.

ministack checks only the callers of its API, not the calls of its own services. The decisions here
come from ministack's own evaluator.
"""

import contextvars
import hashlib
from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.core import iam_evaluator as iam
from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import iam as roles
from ministack.services import sts


def session_arn(role_arn: str, session: str) -> str:
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    return f"arn:aws:sts::{account}:assumed-role/{name}/{session[:64]}"


def trust_problem(role_arn: str, service: str, source_arn: str = "") -> str | None:
    """Why `service` may not assume the role; None when it may."""
    if not app.AUTH:
        return None
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    role = roles._roles.get_scoped(account, None, name)
    if role is None:
        return f"role {role_arn} does not exist"
    document = role["AssumeRolePolicyDocument"]
    if not service_allowed(document, service, "sts:AssumeRole", "*", source_arn):
        return f"{service} is not authorized to assume {role_arn}"
    return None


def role_problem(
    role_arn: str,
    service: str,
    action: str,
    resource_arn: str,
    source_arn: str = "",
    session: str = "session",
    facts: Mapping[str, Any] | None = None,
) -> str | None:
    """Why the role, assumed by `service`, may not do `action`; None when it may."""
    if not app.AUTH:
        return None
    if problem := trust_problem(role_arn, service, source_arn):
        return problem
    key = session_key(role_arn, session)
    return caller_problem(key, action, resource_arn, facts)


def session_key(role_arn: str, session: str) -> str:
    """Returns the access key of the role's session, which is made if it does not exist."""
    arn = session_arn(role_arn, session)
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    role = roles._roles.get_scoped(account, None, name) or {}
    key = "ASIA" + hashlib.sha256(arn.encode()).hexdigest()[:16].upper()
    sts.register_session(
        key,
        {
            "Arn": arn,
            "UserId": f"{role.get('RoleId')}:{session[:64]}",
            "SecretAccessKey": "unused",
            "SessionToken": "unused",
        },
    )
    return key


def caller_problem(
    access_key: str, action: str, resource_arn: str, facts: Mapping[str, Any] | None = None
) -> str | None:
    """Why the owner of an access key may not do `action`; `facts` are further condition keys."""
    return contextvars.copy_context().run(_refusal, access_key, action, resource_arn, facts)


def _refusal(
    access_key: str, action: str, resource_arn: str, facts: Mapping[str, Any] | None
) -> str | None:
    """In a context of its own: the signature and identity of the request stay as they were."""
    iam._anonymous.set(False)
    iam._signed_request.set(None)
    session = sts._sessions.get(access_key)
    account = session["Arn"].split(":")[4] if session else get_account_id()
    with request_scope(account, get_region()):
        refused = iam.enforce(
            access_key,
            action,
            action.partition(":")[0],
            get_region(),
            resource_arn=resource_arn,
            service_context=dict(facts or {}),
        )
    if not refused:
        return None
    who = getattr(refused, "principal_arn", access_key)
    return f"User: {who} is not authorized to perform: {action} on resource: {resource_arn}"


def service_allowed(
    policy: str | Mapping[str, Any] | None,
    service: str,
    action: str,
    resource_arn: str,
    source_arn: str = "",
    facts: Mapping[str, str | None] | None = None,
) -> bool:
    """Checks whether a resource policy (or trust policy) permits the action to the AWS service.

    `facts` are further condition keys; None removes one.
    """
    context = {"aws:sourceaccount": get_account_id(), "aws:sourceowner": get_account_id()}
    if source_arn:
        context |= {
            "aws:sourcearn": source_arn,
            "aws:sourceaccount": parse_arn(source_arn).account_id or get_account_id(),
        }
    request = iam.EvalContext(
        service,
        "Service",
        "",
        action,
        resource_arn,
        get_region(),
        service_context=context | dict(facts or {}),
    )
    decision = iam.evaluate_resource_policy(policy, request, service=service).decision
    return bool(decision == "Allow")
