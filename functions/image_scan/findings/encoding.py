"""Packs all findings of an image into text, short enough for a table and a state machine.

They decide what a later notification says. For example, an exception may be added, or another
version of the image may replace this one.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# A state machine carries 256 KiB, and an item 400 KB.
_LARGEST = 100_000


class Finding(NamedTuple):
    """`severity` is Qualys' rating, 1 to 5. `fixable`: a patch or a fixed version is known.

    `exploited`: attackers are known to exploit it now; None in lists that were stored without it.
    `since`: the day on which a workload was first notified of it, as `date.toordinal` counts days;
    0 in what an image contains, and in lists that were stored without it.
    """

    qid: int
    severity: int
    potential: bool
    fixable: bool
    cves: tuple[str, ...]
    exploited: bool | None = None
    since: int = 0


def pack(found: Sequence[Finding]) -> str:
    """Returns the findings as text; empty if they are too many, which means unknown, not none."""
    packed = compressed([each if each.since else each[:-1] for each in found])
    return packed if len(packed) <= _LARGEST else ""


def unpack(text: str) -> list[Finding] | None:
    """Returns the findings; None if the text cannot be read, which means that they are unknown."""
    try:
        return [
            Finding(qid, severity, potential, fixable, tuple(cves), *more)
            for qid, severity, potential, fixable, cves, *more in expanded(text)
        ]
    except (ValueError, TypeError):
        return None


def compressed(value: Any) -> str:
    """JSON as short text."""
    return base64.b64encode(zlib.compress(json.dumps(value).encode(), 9)).decode()


def expanded(text: str) -> Any:
    """Reads a text that `compressed` made. Raises ValueError for any other text."""
    try:
        return json.loads(zlib.decompress(base64.b64decode(text)))
    except (zlib.error, binascii.Error) as error:
        raise ValueError(str(error)) from error
