"""What each role or user was allowed, call by call: (name, action, resource), each once."""

from typing import Any

from ministack.core import iam_evaluator as iam

used: set[tuple[str, str, str]] = set()
by_users: set[tuple[str, str, str]] = set()


def evaluate(stock: Any, request: iam.EvalContext, *policies: Any) -> Any:
    """Notes what was allowed; ministack keeps no record of its decisions."""
    result = stock(request, *policies)
    if result.decision == "Allow":
        kind, _, name = request.principal_arn.rpartition(":")[2].partition("/")
        notes = {"assumed-role": used, "user": by_users}.get(kind)
        if notes is not None:
            notes.add((name.split("/")[0], request.action, request.resource_arn))
    return result
