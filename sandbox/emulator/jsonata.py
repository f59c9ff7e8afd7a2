"""JSONata in state machines, where ministack evaluates differently from AWS."""

from typing import Any

from ministack.services import stepfunctions

Json = dict[str, Any]


def assign(
    _stock: Any,
    state: Json,
    state_input: Any,
    context: Json | None,
    result: Any = None,
    error_output: Any = None,
) -> None:
    """Evaluates an Assign as a whole; in ministack its second line sees the effect of the first."""
    values = state.get("Assign")
    if context is None or not isinstance(values, dict):
        return
    if stepfunctions._state_query_language(state, context) != "JSONata":
        return
    evaluated = stepfunctions._apply_jsonata_template(
        values, state_input, context, result=result, error_output=error_output
    )
    context.setdefault("variables", {}).update(evaluated)
