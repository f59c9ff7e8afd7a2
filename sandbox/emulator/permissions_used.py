"""What each role was allowed, call by call: (role, action, resource), each once."""

from typing import Any

from ministack.core import iam_evaluator as iam

from sandbox.emulator.patching import around

used: set[tuple[str, str, str]] = set()


@around(iam, "evaluate")
def evaluate(stock: Any, request: iam.EvalContext, *policies: Any) -> Any:
    result = stock(request, *policies)
    if result.decision == "Allow" and ":assumed-role/" in request.principal_arn:
        role = request.principal_arn.split("/")[1]
        used.add((role, request.action, request.resource_arn))
    return result
