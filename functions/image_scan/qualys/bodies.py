"""Reads the bodies of answers strictly: only complete JSON is an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from image_scan.errors import QualysUnavailable, QualysUnreadable

if TYPE_CHECKING:
    import requests


def answered(answer: requests.Response) -> Any:
    """Returns the parsed body of a 200, None for 204. Raises QualysUnavailable for all else.

    A broken body is the gateway's failure. So is a body that repeats a name or has an invalid
    number: a lenient reader could miss findings in it.
    """
    if answer.status_code == 204:
        return None
    try:
        if answer.status_code == 200:
            return _parsed(answer.content)
    except (ValueError, RecursionError):
        pass
    raise QualysUnavailable(f"HTTP {answer.status_code} without a JSON body")


def created(answer: requests.Response) -> Any:
    """Returns the answer to a creation: by documents a string or nothing, in practice an object.

    Raises QualysUnreadable for all else: it is unknown then whether anything was created.
    """
    if not answer.content.strip():
        return None
    try:
        return _parsed(answer.content)
    except (ValueError, RecursionError):
        message = f"HTTP {answer.status_code} to a creation, with a body that cannot be read"
        raise QualysUnreadable(message) from None


def _parsed(body: bytes) -> Any:
    text = body.decode(json.detect_encoding(body))
    return json.loads(text, object_pairs_hook=_named_once, parse_constant=_no_number)


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")
