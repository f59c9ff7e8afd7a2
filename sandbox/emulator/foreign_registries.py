"""ECR registries of other accounts, which `registryId` names. The repository's policy must permit
the call. For users and roles, their own policy must permit it too.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
"""

from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions
from ministack.core import iam_evaluator as iam
from ministack.core.arn import parse_arn
from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    request_scope,
)
from ministack.services import ecr

Json = dict[str, Any]


def resource_arn(stock: Any, service: str, *request: Any) -> Any:
    """Names the repository in the registry that is asked; ministack names the caller's own."""
    arn = stock(service, *request)
    owner = iam_actions._safe_json_field(request[3], "registryId") if service == "ecr" else None
    if not owner or not arn.startswith("arn:"):
        return arn
    return ":".join([*arn.split(":")[:4], owner, *arn.split(":")[5:]])


def policy_of(stock: Any, arn: str) -> Any:
    """Finds the policy of any account's repository; ministack looks in the caller's account."""
    owner = parse_arn(arn)
    with request_scope(owner.account_id, owner.region):
        return stock(arn)


def refusal(action: str, owner: str, name: str) -> Any:
    """Returns an error, or None if the repository's policy permits the call."""
    who, account, region = iam.caller_arn(), get_account_id(), get_region()
    arn = f"arn:aws:ecr:{region}:{owner}:repository/{name}"
    context = iam.EvalContext(who, "", account, f"ecr:{action}", arn, region)
    policy, _ = ecr.repository_policy_for_arn(arn) or ("", owner)
    if iam.resource_policy_allows(policy, context, same_account=False):
        return None
    message = (
        f"User: {who} is not authorized to perform: ecr:{action} on resource: {arn} because no "
        f"resource-based policy allows the ecr:{action} action"
    )
    return error_response_json("AccessDeniedException", message, 400)


def anywhere(action: str) -> Callable[..., Any]:
    """A wrapper of one action of ECR."""

    def answer(stock: Any, data: Json) -> Any:
        """Answers for the registry that is asked; ministack takes the caller's own instead."""
        owner = data.get("registryId") or get_account_id()
        if owner == get_account_id():
            return stock(data)
        if refused := refusal(action, owner, data.get("repositoryName", "")):
            return refused
        with request_scope(owner, get_region()):
            return stock(data)

    return answer
