"""Makes faults at a rate: of AWS by the embedded AWS, of Qualys by its simulator; and an outage."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.installation import Installation

CSAPI = "/csapi/.*"
_WAIT = {"X-RateLimit-ToWait-Sec": "1", "X-RateLimit-Remaining": "0"}
# Each has the same share of the rate. What is slow is still an answer.
QUALYS: tuple[dict[str, Any], ...] = (
    {"status": 429, "headers": _WAIT},
    {"status": 500},
    {"status": 503},
    {"status": 500, "after": True},
    {"status": 401},
    {"delay": 1.0},
    {"drop": True},
    {"truncate": 40},
    {"garble": True},
    {"garble": True, "undone": True},
)


class Trouble:
    """`counts` are the faults that struck, by kind, once they are `over`. Lambda always runs the
    function that is `spared`."""

    def __init__(
        self, installation: Installation, seed: int, rate: float, spared: str = ""
    ) -> None:
        self._installation = installation
        self._seed = seed
        self._rate = rate
        self._spared = spared
        self._kinds: dict[int, str] = {}
        self.counts: dict[str, int] = {}

    def begin(self) -> None:
        given = {"seed": self._seed, "rate": self._rate, "spared": self._spared}
        self._installation.aws.ask("/_sandbox/faults", given)
        control = self._installation.qualys.control
        for number, fault in enumerate(QUALYS):
            limits = {"times": 0, "share": self._rate / len(QUALYS), "seed": self._seed + number}
            self._kinds[control.fail(CSAPI, **fault, **limits)] = _name(fault)

    def vendor_is_down(self, seconds: float) -> None:
        """Makes every call to Qualys fail for this time. Then Qualys works again by itself."""
        down = self._installation.qualys.control.fail(CSAPI, status=503, times=0)
        self._kinds[down] = "outage"
        timer = threading.Timer(seconds, self._fix, [down])
        timer.daemon = True
        timer.start()

    def over(self) -> None:
        self.counts |= self._installation.aws.ask("/_sandbox/faults")["counts"]
        self._installation.aws.ask("/_sandbox/faults", {"seed": 0, "rate": 0.0})
        for number in list(self._kinds):
            self._fix(number)

    def _fix(self, number: int) -> None:
        control = self._installation.qualys.control
        kind = f"Qualys: {self._kinds.pop(number)}"
        fired = control.faults().get(str(number), {}).get("fired", 0)
        self.counts[kind] = self.counts.get(kind, 0) + fired
        control.fix(number)


def _name(fault: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value}" if name in ("status", "delay") else name
        for name, value in fault.items()
        if name != "headers"
    )
