"""Looks when the access token ends that is about to be deployed. Nothing renews one."""

import time

from rich.console import Console

from image_scan.qualys.credentials import expiry
from ops.errors import OpsError

_SOON = 7 * 86_400
_BETTER = "An API client (QUALYS_CLIENT_ID and QUALYS_CLIENT_SECRET) or a user needs no renewal."


def refuse_if_ended(token: str, console: Console) -> None:
    """Raises OpsError for a token that has ended, and prints a note for one that soon does."""
    ends = expiry(token)
    if ends is None:
        return
    left = ends - time.time()
    if left <= 0:
        raise OpsError(f"QUALYS_API_TOKEN has ended: get a new one from Qualys. {_BETTER}")
    if left < _SOON:
        hours = int(left // 3600)
        words = f"QUALYS_API_TOKEN ends in {hours} hours: no image is scanned after that. {_BETTER}"
        console.print(words, style="yellow", highlight=False, soft_wrap=True)
