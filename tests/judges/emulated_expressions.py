"""Evaluates JSONata as the embedded AWS does, in its own environment; as expressions.cjs does."""

import json
import sys
from typing import Any

from ministack.services import stepfunctions


def evaluated(case: dict[str, Any]) -> list[Any]:
    states = case["states"]
    context = {**states.get("context", {}), "variables": case["variables"]}
    stated = [states.get(name) for name in ("input", "result", "errorOutput")]
    try:
        value = stepfunctions._evaluate_jsonata(case["expression"], stated[0], context, *stated[1:])
    except stepfunctions._ExecutionError as error:
        code = error.cause.partition(": ")[0]
        return ["nothing"] if "did not return a result" in code else ["error", code]
    return ["value", value]


if __name__ == "__main__":
    json.dump([evaluated(case) for case in json.load(sys.stdin)], sys.stdout)
