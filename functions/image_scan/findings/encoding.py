"""All findings of an image, as short as a table and a state machine can carry.

They decide what a notification says of an image, long after Qualys has listed them: an exception
may be made, another version of the image may replace it.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of the 256 KiB that a state machine carries, and the 400 KB of an item.
_LARGEST = 100_000


class Finding(NamedTuple):
    """`severity` is Qualys', 1 to 5. `fixable`: a patch or a fixed version is known.

    `exploited`: it is known to be exploited now; None in lists from before this was stored.
    """

    qid: int
    severity: int
    potential: bool
    fixable: bool
    cves: tuple[str, ...]
    exploited: bool | None = None


def pack(found: Sequence[Finding]) -> str:
    """Text, empty when they are too many: they are unknown then, not fewer."""
    packed = compressed(found)
    return packed if len(packed) <= _LARGEST else ""


def unpack(text: str) -> list[Finding] | None:
    """None for what is no list: whoever asks has to take them for unknown."""
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
    """Raises ValueError for what `compressed` did not make."""
    try:
        return json.loads(zlib.decompress(base64.b64decode(text)))
    except (zlib.error, binascii.Error) as error:
        raise ValueError(str(error)) from error
