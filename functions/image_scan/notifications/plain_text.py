"""Writes names, numbers and times as text that nobody can forge.

Others choose the names. So characters that cannot be printed are replaced, line breaks too: no name
can look like a line of its own. An address is broken up, because mail programs make a link of it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_LONGEST = 300


def plain(text: str, longest: int = _LONGEST) -> str:
    shown = "".join(each if each.isprintable() else "?" for each in text).replace("://", ": //")
    return shown if len(shown) <= longest else f"{shown[:longest]}..."


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def moment(stated: str) -> str:
    """Returns `2026-02-02 02:40 UTC` for a time in ISO 8601; any other text as it is."""
    try:
        at = datetime.fromisoformat(stated)
    except ValueError:
        return stated
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ascii_only(name: str) -> str:
    """Returns a name as plain text of a subject. What is no printable ASCII is replaced, because
    SNS refuses any other subject."""
    return plain(re.sub(r"[^!-~]", "?", name))
