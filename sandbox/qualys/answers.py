"""Refusals and their error envelope ("Get Started" of the CSAPI guide; `ResponseError`)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response

Json = dict[str, Any]

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "sameorigin",
}


class Refusal(Exception):
    """Answers the request with an error status and the envelope; without a message, no body."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def envelope(status: int, message: str, now: float) -> Json:
    """`errorCode` is a string, number and reason; `timestamp` a number of milliseconds."""
    reason = HTTPStatus(status).name
    return {"errorCode": f"{status} {reason}", "message": message, "timestamp": int(now * 1000)}


def as_json(body: Any, status: int = 200) -> Response:
    answer = Response(json.dumps(body), status=status)
    answer.headers["Content-Type"] = "application/json;charset=UTF-8"
    answer.headers.update(_HEADERS)
    return answer


def reshaped(value: Any, unknown_fields: bool, absent_nulls: bool) -> Any:
    """Returns a body with an undocumented field in each object, or without null fields."""
    if isinstance(value, list):
        return [reshaped(one, unknown_fields, absent_nulls) for one in value]
    if not isinstance(value, dict):
        return value
    stored = {
        name: reshaped(one, unknown_fields, absent_nulls)
        for name, one in value.items()
        if one is not None or not absent_nulls
    }
    return {**stored, "undocumented": {"since": "1.99"}} if unknown_fields else stored


def empty(status: int) -> Response:
    """No body at all: 204 for a list without a match, and the documented 201 of a creation."""
    answer = Response(status=status)
    answer.headers.pop("Content-Type", None)
    answer.headers.update(_HEADERS)
    return answer


def created(reply: str, text: str, whole: Json) -> Response:
    """The documents declare an empty 201 and a JSON string; clients were seen to read an object."""
    if reply == "empty":
        return empty(201)
    return as_json(text if reply == "string" else whole)
