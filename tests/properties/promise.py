"""The promise that every property rests on: a value, or one of the declared errors."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from image_scan import errors
from image_scan.errors import ScanError
from tests.properties import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# A state machine carries an error's text on; it must stay far below the 256 KiB of a state.
_LONGEST_TEXT = 2000


def promised(call: Callable[[], Any], secrets: Iterable[str] = ()) -> Any:
    """What a call gives: its value, or the declared error. Any other exception passes through.

    No piece of a secret is in the error's words nor in a log line.
    """
    journal.lines.clear()
    try:
        value = call()
    except ScanError as error:
        value = error
    stated = "\n".join(journal.lines)
    if isinstance(value, ScanError):
        assert getattr(errors, type(value).__name__) is type(value)
        assert not type(value).__subclasses__(), "the state machines know leaves only"
        text = str(value)
        text.encode()
        assert len(text) <= _LONGEST_TEXT
        stated += "".join(traceback.format_exception(value)) + repr(value)
    for secret in secrets:
        assert not [piece for piece in pieces(secret) if piece in stated]
    return value


def pieces(secret: str) -> set[str]:
    """Each four characters of a secret, or all of a shorter one."""
    return {secret[at : at + 4] for at in range(max(len(secret) - 3, 1))} - {""}
