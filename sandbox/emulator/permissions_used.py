"""What each role was allowed, call by call: (role, action, resource), each once."""

from typing import Any

from ministack.core import iam_evaluator as iam

used: set[tuple[str, str, str]] = set()


def evaluate(stock: Any, request: iam.EvalContext, *policies: Any) -> Any:
    """Notes what a role was allowed; ministack keeps no record of its decisions."""
    result = stock(request, *policies)
    if result.decision == "Allow" and ":assumed-role/" in request.principal_arn:
        role = request.principal_arn.split("/")[1]
        used.add((role, request.action, request.resource_arn))
    return result
