"""Identity of roles: a trust policy names the unique id, so a recreated role is another role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import json
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.iam_evaluator import EvalContext
from ministack.services import iam

Json = dict[str, Any]

# In a stored role: the ids of the roles that its trust policy names, by ARN.
TRUSTED = "_SandboxTrustedIds"


def save_trust(stock: Any, params: Json) -> Any:
    """Notes the ids of the roles that a trust policy names; ministack keeps their ARNs alone."""
    answer = stock(params)
    role = iam._roles.get(iam._p(params, "RoleName"))
    if role is not None and answer[0] == 200:
        named = _roles_in(role["AssumeRolePolicyDocument"])
        role[TRUSTED] = {arn: found for arn in named if (found := _id_of(arn))}
    return answer


def role_xml(stock: Any, name: str, *arguments: Any, **options: Any) -> Any:
    """Shows the id where a trusted role is gone; ministack shows the ARN for ever."""
    _forget_gone(iam._roles[name])
    return stock(name, *arguments, **options)


def evaluate_trust(
    stock: Any, document: Any, caller_arn: str, context: EvalContext | None = None
) -> Any:
    """Lets in no role that was made again; ministack compares the ARN."""
    arn = context.resource_arn if context else ""
    if arn.startswith("arn:") and (role := _role(arn)):
        _forget_gone(role)
        document = role["AssumeRolePolicyDocument"]
    return stock(document, caller_arn, context)


def value_of(stock: Any, key: str, context: EvalContext) -> Any:
    """Resolves `aws:PrincipalArn` to the role of a session; ministack gives the session's ARN.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    value = stock(key, context)
    if key.lower() == "aws:principalarn" and ":assumed-role/" in str(value):
        account, name = value.split(":")[4], value.split("/")[1]
        role = iam._roles.get_scoped(account, None, name)
        return role["Arn"] if role else value
    return value


def _forget_gone(role: Json) -> None:
    """Replaces each deleted role by its id. The id stays if the name is used again."""
    for arn, known in list(role.get(TRUSTED, {}).items()):
        if _id_of(arn) != known:
            text = role["AssumeRolePolicyDocument"]
            role["AssumeRolePolicyDocument"] = text.replace(json.dumps(arn), json.dumps(known))
            del role[TRUSTED][arn]


def _roles_in(document: str) -> set[str]:
    found = set()
    statements = json.loads(document)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        named = principal.get("AWS", []) if isinstance(principal, dict) else []
        found |= {named} if isinstance(named, str) else set(named)
    return {arn for arn in found if ":role/" in arn}


def _role(arn: str) -> Json | None:
    role: Json | None = iam._roles.get_scoped(
        parse_arn(arn).account_id, None, arn.rsplit("/", 1)[-1]
    )
    return role


def _id_of(arn: str) -> str:
    role = _role(arn)
    return str(role["RoleId"]) if role else ""
