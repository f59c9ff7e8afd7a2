"""Compares the clocks of this machine, AWS and Qualys, by the Date headers of answers."""

import time
from email.utils import parsedate_to_datetime

from ops.doctor.findings import Finding, Unanswered, failed, passed
from ops.doctor.here import INSTALLATION, Here

# If Qualys' clock is behind by more, a new result looks older than its request.
_QUALYS_SECONDS = 120
_AWS_SECONDS = 240  # AWS refuses signatures that are 5 minutes off


def clocks_agree(here: Here) -> Finding:
    aws = _behind(here.date())
    if abs(aws) > _AWS_SECONDS:
        remedy = "timedatectl set-ntp true   # or what sets the clock of this machine"
        return failed(f"this machine's clock is {aws:+.0f} s off AWS'", remedy)
    if INSTALLATION not in here.kinds:
        return passed(f"this machine's clock is {aws:+.0f} s off AWS'")
    answer = here.qualys.greet()
    if isinstance(answer, Exception):
        raise Unanswered("the gateway cannot be reached: see gateway-reachable")
    apart = _behind(answer.headers.get("Date", "")) - aws
    if abs(apart) > _QUALYS_SECONDS:
        return failed(
            f"Qualys' clock is {abs(apart):.0f} s {'behind' if apart > 0 else 'ahead of'} AWS'",
            "ask Qualys Support: fresh results may be taken for old ones until it is set right",
        )
    return passed(f"Qualys' and AWS' clocks are {abs(apart):.0f} s apart")


def _behind(date: str) -> float:
    """Returns how many seconds a clock is behind this machine's, from a header just received."""
    try:
        return time.time() - parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        raise Unanswered("an answer has no Date header") from None
