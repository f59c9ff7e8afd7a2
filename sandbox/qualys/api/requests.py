"""Reading requests."""

from flask import request

from sandbox.qualys.answers import Json, Refusal


def json_object() -> Json:
    """The body, which must be a JSON object. Raises Refusal 400."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object")
    return body


def selected_ids(name: str) -> list[str]:
    """A repeated query parameter, or else the list of that name in the body."""
    body = request.get_json(force=True, silent=True)
    listed = body.get(name, []) if isinstance(body, dict) else []
    return request.args.getlist(name) or [str(one) for one in listed]
